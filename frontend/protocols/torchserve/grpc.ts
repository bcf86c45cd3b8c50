import type { DataPlane } from '../../core/data-plane.ts'
import { inferenceStatusOf, managementStatusOf } from './grpc-errors.ts'
import { managementMethods } from './grpc-management.ts'
import { predict, predictInPieces, type PredictionCall } from './grpc-predictions.ts'
import { PredictionStream } from './grpc-stream.ts'
import type { GrpcCall, GrpcMethod, GrpcService } from '../kernel/grpc-transport.ts'
import { ping } from './health.ts'
import type { ManagementPlanes } from './management.ts'
import type { PredictionsRequest } from './proto-codec.ts'
import type { HasQuirk } from './quirks.ts'
import { SEQUENCE_HEADERS, type SequenceHeaders } from '../kernel/request-head.ts'

export const INFERENCE_SERVICE = 'org.pytorch.serve.grpc.inference.InferenceAPIsService'
export const MANAGEMENT_SERVICE = 'org.pytorch.serve.grpc.management.ManagementAPIsService'

export type GrpcInferenceOptions = {
  readonly dataPlane: DataPlane
  readonly hasQuirk: HasQuirk
  /** TorchServe's unless given. */
  readonly sequenceHeaders?: SequenceHeaders
}

/** TorchServe's inference service. */
export function inferenceService({
  dataPlane,
  hasQuirk,
  sequenceHeaders = SEQUENCE_HEADERS,
}: GrpcInferenceOptions): GrpcService {
  const alone = (call: GrpcCall, message: unknown): PredictionCall => {
    const request = message as PredictionsRequest // the transport has decoded it
    return { dataPlane, call, requestId: call.requestId, request, sequenceHeaders }
  }
  const methods: Readonly<Record<string, GrpcMethod>> = {
    Ping: { kind: 'unary', answer: () => ({ health: ping(dataPlane, hasQuirk).body }) },
    Predictions: { kind: 'unary', answer: (call, request) => predict(alone(call, request)) },
    StreamPredictions: {
      kind: 'server_stream',
      answer: (call, request, send) => predictInPieces(alone(call, request), send),
    },
    StreamPredictions2: {
      kind: 'bidi',
      answer: (call, requests, send) => new PredictionStream(dataPlane, call, send).answer(requests),
    },
  }
  return {
    name: INFERENCE_SERVICE,
    methods,
    openMethods: hasQuirk('healthToken') ? [] : ['Ping'],
    modelOf,
    statusOf: inferenceStatusOf(hasQuirk),
  }
}

/** TorchServe's management service. */
export function managementService(planes: ManagementPlanes): GrpcService {
  return {
    name: MANAGEMENT_SERVICE,
    methods: managementMethods(planes),
    modelOf,
    statusOf: managementStatusOf(planes.hasQuirk),
  }
}

/** Every message of both services names its model in the same field, or has none. */
function modelOf(message: unknown): string | undefined {
  const { model_name: name } = message as { readonly model_name?: string }
  return name === '' ? undefined : name
}
