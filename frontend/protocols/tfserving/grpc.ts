import type { ControlPlane } from '../../core/control-plane.ts'
import type { DataPlane } from '../../core/data-plane.ts'
import type { GrpcMethod, GrpcService } from '../kernel/grpc-transport.ts'
import { badRequest, inServableWords } from './errors.ts'
import { runCall } from './grpc-call.ts'
import {
  bytesOf,
  decodePredict,
  encodeOutputs,
  selectorFromGrpc,
  type ModelSpec,
  type PredictRequest,
} from './grpc-codec.ts'
import { exampleMethods, modelSpecOf } from './grpc-examples.ts'
import { signatureDefs, type SignatureDef, type TensorInfo } from './metadata.ts'
import { reloadConfig } from './reload-config.ts'
import { statusesOf, statusToJson } from './status.ts'

export const PREDICTION_SERVICE = 'tensorflow.serving.PredictionService'
export const MODEL_SERVICE = 'tensorflow.serving.ModelService'

export type TfServingGrpcOptions = {
  readonly dataPlane: DataPlane
  readonly controlPlane: ControlPlane
  /** The bytes of a message by its full name. */
  readonly encode: (name: string, message: object) => Uint8Array
  /** Whether answers are raw (`tensor_content`) even where requests are not. */
  readonly answersRaw: boolean
}

/** TensorFlow Serving over gRPC. */
export function tfServingServices(options: TfServingGrpcOptions): GrpcService[] {
  return [
    {
      name: PREDICTION_SERVICE,
      methods: {
        Predict: predictMethod(options),
        GetModelMetadata: metadataMethod(options),
        ...exampleMethods(options.dataPlane),
      },
      modelOf,
      statusOf: ({ code }) => code,
    },
    {
      name: MODEL_SERVICE,
      methods: { GetModelStatus: statusMethod(options), HandleReloadConfigRequest: reloadMethod(options) },
      scopes: { HandleReloadConfigRequest: 'management' },
      modelOf,
      statusOf: ({ code }) => code,
    },
  ]
}

function predictMethod({ dataPlane, answersRaw }: TfServingGrpcOptions): GrpcMethod {
  return {
    kind: 'unary',
    answer: async (call, message) => {
      const request = message as PredictRequest // the transport has decoded it
      const model = selectorFromGrpc(request.model_spec)
      const announcedBytes = bytesOf(request.inputs)
      const answered = await runCall({ dataPlane, call, model, announcedBytes }, (metadata, admitted) =>
        decodePredict(request, metadata, admitted.maxRequestBytes),
      )
      const { decoded, tensors } = answered
      const outputs = encodeOutputs(decoded.signature, tensors, answersRaw || decoded.isRaw)
      return { outputs, model_spec: modelSpecOf(model, answered) }
    },
  }
}

const SIGNATURE_DEF = 'signature_def'
const SIGNATURE_DEF_MAP = 'tensorflow.serving.SignatureDefMap'

type MetadataRequest = { readonly model_spec: ModelSpec | null; readonly metadata_field: readonly string[] }

function metadataMethod({ dataPlane, encode }: TfServingGrpcOptions): GrpcMethod {
  return {
    kind: 'unary',
    answer: (call, message) => {
      const { model_spec: spec, metadata_field: fields } = message as MetadataRequest // the transport has decoded it
      const model = selectorFromGrpc(spec)
      call.model = model.name
      if (fields.length === 0)
        throw badRequest(`the field metadata_field is empty; expected ${SIGNATURE_DEF}`)
      const unknown = fields.find((field) => field !== SIGNATURE_DEF)
      if (unknown !== undefined) {
        throw badRequest(`Metadata field ${unknown} is not supported; expected ${SIGNATURE_DEF}`)
      }
      const metadata = metadataOf(dataPlane, model)
      const value = encode(SIGNATURE_DEF_MAP, {
        signature_def: entriesOf(signatureDefs(metadata)).map(({ key, value: signature }) => ({
          key,
          value: signatureMessage(signature),
        })),
      })
      return {
        model_spec: { name: model.name, version: { value: dataPlane.integerVersionOf(metadata.model) } },
        metadata: [
          { key: SIGNATURE_DEF, value: { type_url: `type.googleapis.com/${SIGNATURE_DEF_MAP}`, value } },
        ],
      }
    },
  }
}

function metadataOf(dataPlane: DataPlane, model: ReturnType<typeof selectorFromGrpc>) {
  try {
    return dataPlane.metadata(model)
  } catch (error) {
    throw inServableWords(error, model)
  }
}

function signatureMessage({ inputs, outputs, method_name }: SignatureDef): object {
  return { inputs: entriesOf<TensorInfo>(inputs), outputs: entriesOf<TensorInfo>(outputs), method_name }
}

/** A map is a list of its entries in messages. */
function entriesOf<T>(map: Readonly<Record<string, T>>): { readonly key: string; readonly value: T }[] {
  return Object.entries(map).map(([key, value]) => ({ key, value }))
}

function statusMethod({ dataPlane }: TfServingGrpcOptions): GrpcMethod {
  return {
    kind: 'unary',
    answer: (call, message) => {
      const { model_spec: spec } = message as { readonly model_spec: ModelSpec | null } // the transport has decoded it
      const model = selectorFromGrpc(spec)
      call.model = model.name
      return { model_version_status: statusesOf(dataPlane, model).map(statusToJson) }
    },
  }
}

function reloadMethod({ controlPlane }: TfServingGrpcOptions): GrpcMethod {
  return { kind: 'unary', answer: (_, message) => reloadConfig(controlPlane, message) }
}

/** The requests of both services have the model's specification in one field, those for several tasks in each. */
function modelOf(message: unknown): string | undefined {
  const { model_spec: spec, tasks: [task] = [] } = message as {
    readonly model_spec?: ModelSpec | null
    readonly tasks?: readonly { readonly model_spec: ModelSpec | null }[]
  }
  const name = (spec ?? task?.model_spec)?.name
  return name === '' ? undefined : name
}
