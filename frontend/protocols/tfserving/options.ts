import type { RequestPayload } from '../../../worker/contract/messages.ts'
import type { NonFinite } from '../../../worker/contract/tensor-to-json.ts'
import type { AdmittedRequest, DataPlane, InferenceResponse, ModelSelector } from '../../core/data-plane.ts'
import type { SequenceHeaders } from '../kernel/request-head.ts'
import type { Answer, RequestContext, Transport } from '../kernel/transport.ts'

/** How those read and answer bodies whose handlers decode them: they are TorchServe's. */
export type HandlerBodies = {
  read(ctx: RequestContext, maxBytes: number): Promise<RequestPayload>
  /** Runs the request, and sends its answer, in pieces if the handler streams it. */
  run(ctx: RequestContext, admitted: AdmittedRequest, payload: RequestPayload): Promise<void>
  answerOf(response: InferenceResponse): Answer
}

export type PredictionOptions = {
  readonly dataPlane: DataPlane
  readonly transport: Transport
  readonly handlers: HandlerBodies
  readonly nonFinite: NonFinite
  /** TorchServe's unless given. */
  readonly sequenceHeaders?: SequenceHeaders
}

/** What stands behind the colon of a path. */
export type Verb = 'predict' | 'explain' | 'classify' | 'regress'

export type Prediction = { readonly model: ModelSelector; readonly verb: Verb }
