import { ServingError } from '../../../worker/contract/errors.ts'
import type { ControlPlane } from '../../core/control-plane.ts'
import type { DataPlane, ModelSelector } from '../../core/data-plane.ts'
import type { GrpcCall, GrpcMethod, GrpcService } from '../kernel/grpc-transport.ts'
import { configurationOf } from './description-routes.ts'
import type { ModelInferRequest } from './grpc-codec.ts'
import { infer } from './grpc-infer.ts'
import { modelConfigToGrpc } from './grpc-model-config.ts'
import { repositoryMethods } from './grpc-repository.ts'
import { settingMethods, type GrpcSettingOptions } from './grpc-settings.ts'
import { sharedMemoryMethods } from './grpc-shared-memory.ts'
import { InferStream } from './grpc-stream.ts'
import { modelStatistics } from './model-statistics.ts'
import { modelMetadata, serverMetadata } from './metadata.ts'
import type { ReadParameters } from './request-parameters.ts'

export const OIP_SERVICE = 'inference.GRPCInferenceService'

export type OipGrpcOptions = GrpcSettingOptions & {
  readonly dataPlane: DataPlane
  readonly controlPlane: ControlPlane
  readonly serverVersion: string
  readonly readParameters: ReadParameters
  /** Whether anybody may ask how the server is. */
  readonly isHealthOpen: boolean
}

/** The Open Inference Protocol over gRPC, with Triton's extensions. */
export function oipService(options: OipGrpcOptions): GrpcService {
  return {
    name: OIP_SERVICE,
    methods: {
      ...healthMethods(options),
      ...metadataMethods(options),
      ...inferenceMethods(options),
      ...sharedMemoryMethods(),
      ...repositoryMethods(options.controlPlane),
      ...settingMethods(options),
    },
    openMethods: options.isHealthOpen ? ['ServerLive', 'ServerReady', 'ModelReady'] : [],
    scopes: {
      RepositoryIndex: 'management',
      RepositoryModelLoad: 'management',
      RepositoryModelUnload: 'management',
      TraceSetting: 'management',
      LogSettings: 'management',
    },
    modelOf,
    statusOf: ({ code }) => code,
  }
}

/** A message that names a model, and perhaps its version. */
type OneModel = { readonly name: string; readonly version: string }

function healthMethods({ dataPlane }: OipGrpcOptions): Readonly<Record<string, GrpcMethod>> {
  return {
    ServerLive: { kind: 'unary', answer: () => ({ live: dataPlane.health().live }) },
    ServerReady: { kind: 'unary', answer: () => ({ ready: dataPlane.health().ready }) },
    ModelReady: aboutModel((model) => ({ ready: isReady(dataPlane, model) })),
  }
}

/** While the server starts, what is not there yet may still come. */
function isReady(dataPlane: DataPlane, model: ModelSelector): boolean {
  try {
    return dataPlane.modelHealth(model).ready
  } catch (error) {
    if (error instanceof ServingError && error.code === 'unavailable') return false
    throw error
  }
}

function metadataMethods(options: OipGrpcOptions): Readonly<Record<string, GrpcMethod>> {
  const { dataPlane, serverVersion } = options
  return {
    ServerMetadata: {
      kind: 'unary',
      answer: () => serverMetadata(serverVersion),
    },
    ModelStatistics: {
      kind: 'unary',
      answer: (_call, message) => {
        const { name, version } = message as OneModel // the transport has decoded it
        const model = version === '' ? { name } : { name, version }
        const { model_stats } = modelStatistics(dataPlane, name === '' ? undefined : model)
        return { model_stats: model_stats.map((stats) => ({ ...stats, response_stats: [] })) }
      },
    },
    ModelConfig: aboutModel((model) => ({ config: modelConfigToGrpc(configurationOf(options, model)) })),
    ModelMetadata: aboutModel((model) => modelMetadata(dataPlane, model)),
  }
}

function inferenceMethods({
  dataPlane,
  readParameters,
}: OipGrpcOptions): Readonly<Record<string, GrpcMethod>> {
  return {
    ModelInfer: {
      kind: 'unary',
      answer: (call, message) => {
        const request = message as ModelInferRequest // the transport has decoded it
        return infer({ dataPlane, readParameters, call, requestId: call.requestId, request })
      },
    },
    ModelStreamInfer: {
      kind: 'bidi',
      answer: (call, requests, send) =>
        new InferStream({ dataPlane, readParameters, call }, send).answer(requests),
    },
  }
}

function aboutModel(answer: (model: ModelSelector, call: GrpcCall) => object): GrpcMethod {
  return {
    kind: 'unary',
    answer: (call, message) => {
      const { name, version } = message as OneModel // the transport has decoded it
      if (name === '') throw nameMissing()
      call.model = name
      return answer(version === '' ? { name } : { name, version }, call)
    },
  }
}

function nameMissing(): ServingError {
  return new ServingError(
    'invalid_argument',
    "the field 'name' is required: the name of a registered model",
    {
      reason: 'model',
    },
  )
}

/** Requests about the server as a whole have neither field. */
function modelOf(message: unknown): string | undefined {
  const { name, model_name: modelName = name } = message as {
    readonly name?: string
    readonly model_name?: string
  }
  return modelName === '' ? undefined : modelName
}
