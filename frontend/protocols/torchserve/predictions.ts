import type { RequestPayload } from '../../../worker/contract/messages.ts'
import { formatModelId } from '../../../worker/contract/model-id.ts'
import type { AdmittedRequest, DataPlane } from '../../core/data-plane.ts'
import { HttpAnswer } from './answer.ts'
import { requestFromHttp } from './codec.ts'
import {
  HttpRequestHead,
  SEQUENCE_HEADERS,
  type PredictionTarget,
  type SequenceHeaders,
} from '../kernel/request-head.ts'
import type { HotRoute } from '../kernel/route-table.ts'
import type { RequestContext, Transport } from '../kernel/transport.ts'

const PREFIX = '/predictions/'
/** A model, perhaps a version, nothing that needs decoding; anything else takes the router's way. */
const PLAIN_TARGET = /^\/predictions\/([\w.-]+)(?:\/([\w.-]+))?(?:\?|$)/

export type PredictionOptions = {
  readonly dataPlane: DataPlane
  readonly transport: Transport
  /** TorchServe's unless given. */
  readonly sequenceHeaders?: SequenceHeaders
}

/** What is asked of which model, and with what besides the body. */
export type Prediction = PredictionTarget & {
  /** Inputs that came in the query. */
  readonly inputs?: URLSearchParams
  /** What the body says, where it had to be read before the model was known. */
  readonly payload?: RequestPayload
}

export function hotPredictions(options: PredictionOptions): HotRoute {
  return {
    modelOf: ({ url = '', method }) => {
      if (!url.startsWith(PREFIX) || (method !== 'POST' && method !== 'PUT')) return undefined
      const match = PLAIN_TARGET.exec(url)
      if (match?.[1] === undefined) return undefined
      return match[2] === undefined ? { name: match[1] } : { name: match[1], version: match[2] }
    },
    answer: (ctx, model) => predict(options, ctx, { model }),
  }
}

/**
 * Admission comes before the body: a request that cannot be served costs its head, not its bytes.
 *
 * @throws at once for what is not admitted, see {@link HotRoute}
 */
export function predict(
  { dataPlane, transport, sequenceHeaders = SEQUENCE_HEADERS }: PredictionOptions,
  ctx: RequestContext,
  prediction: Prediction,
): Promise<void> {
  ctx.state.model = prediction.model.name
  ctx.state.checkModel?.(prediction.model.name)
  const announcedBytes = transport.announcedBytes(ctx.req)
  const admitted = dataPlane.admit(new HttpRequestHead(ctx, prediction, { announcedBytes, sequenceHeaders }))
  ctx.state.model = formatModelId(admitted.model)
  return run(ctx, prediction, { transport, admitted })
}

async function run(
  ctx: RequestContext,
  { inputs, payload }: Prediction,
  { transport, admitted }: { readonly transport: Transport; readonly admitted: AdmittedRequest },
): Promise<void> {
  try {
    payload ??= await requestFromHttp(transport, ctx, { maxBytes: admitted.maxRequestBytes, inputs })
  } catch (error) {
    admitted.cancel()
    throw error
  }
  const answer = new HttpAnswer(transport, ctx)
  answer.finish(await admitted.run(payload, { onPiece: answer.onPiece }))
}
