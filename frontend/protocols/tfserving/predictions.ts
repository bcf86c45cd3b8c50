import { formatModelId } from '../../../worker/contract/model-id.ts'
import type { AdmittedRequest, InferenceResponse, ModelSelector } from '../../core/data-plane.ts'
import { HttpRequestHead, SEQUENCE_HEADERS } from '../kernel/request-head.ts'
import type { HotRoute } from '../kernel/route-table.ts'
import type { Answer, RequestContext } from '../kernel/transport.ts'
import { eventModeOf, inEvent } from './cloud-events.ts'
import { inServableWords } from './errors.ts'
import type { Prediction, PredictionOptions } from './options.ts'
import { readRequest, type ReadRequest } from './request-body.ts'

const PREFIX = '/v1/models/'
/** A model, perhaps a version or a label, nothing that needs decoding; anything else takes the router's way. */
const PLAIN_TARGET =
  /^\/v1\/models\/([\w.-]+)(?:\/versions\/([1-9]\d{0,17})|\/labels\/([\w.-]+))?:predict(?:\?|$)/

export function hotPredictions(options: PredictionOptions): HotRoute {
  return {
    modelOf: ({ url = '', method }) => {
      if (method !== 'POST' || !url.startsWith(PREFIX)) return undefined
      const match = PLAIN_TARGET.exec(url)
      return match === null ? undefined : selectorOf(match)
    },
    answer: (ctx, model) => predict(options, ctx, { model, verb: 'predict' }),
  }
}

function selectorOf([, name = '', integerVersion, label]: RegExpExecArray): ModelSelector {
  if (integerVersion !== undefined) return { name, integerVersion }
  return label === undefined ? { name } : { name, label }
}

/**
 * Admission comes before the body: a request that cannot be served costs its head, not its bytes.
 *
 * @throws at once for what is not admitted, see {@link HotRoute}
 */
export function predict(
  options: PredictionOptions,
  ctx: RequestContext,
  { model, verb }: Prediction,
): Promise<void> {
  ctx.state.model = model.name
  ctx.state.checkModel?.(model.name)
  const admitted = admit(options, ctx, { model, verb })
  ctx.state.model = formatModelId(admitted.model)
  return run(options, ctx, { admitted, verb })
}

async function run(
  options: PredictionOptions,
  ctx: RequestContext,
  { admitted, verb }: Pick<Prediction, 'verb'> & { readonly admitted: AdmittedRequest },
): Promise<void> {
  let request: ReadRequest
  try {
    request = await readRequest(options, ctx, { admitted, verb })
  } catch (error) {
    admitted.cancel()
    throw error
  }
  await answer(options, ctx, { admitted, request })
}

function admit(
  { dataPlane, transport, sequenceHeaders = SEQUENCE_HEADERS }: PredictionOptions,
  ctx: RequestContext,
  { model, verb }: Prediction,
): AdmittedRequest {
  const target = verb === 'explain' ? { model, operation: verb } : { model }
  const announcedBytes = transport.announcedBytes(ctx.req)
  try {
    return dataPlane.admit(new HttpRequestHead(ctx, target, { announcedBytes, sequenceHeaders }))
  } catch (error) {
    throw inServableWords(error, model)
  }
}

async function answer(
  { transport, handlers }: PredictionOptions,
  ctx: RequestContext,
  { admitted, request }: { readonly admitted: AdmittedRequest; readonly request: ReadRequest },
): Promise<void> {
  const mode = eventModeOf(ctx.req.headers)
  const { payload, render } = request
  if (render === undefined && mode === undefined) {
    await handlers.run(ctx, admitted, payload)
    return
  }
  const response = await admitted.run(payload)
  // A handler may answer bytes where tensors were asked of it: they are its answer.
  const whole =
    render === undefined || response.payload.kind === 'bytes'
      ? handlers.answerOf(response)
      : jsonAnswer(response, render(response.payload.tensors))
  transport.send(
    ctx,
    mode === undefined || whole.status >= 400 ? whole : inEvent(mode, response.model.name, whole),
  )
}

function jsonAnswer({ status = 200, model }: InferenceResponse, body: string): Answer {
  // TensorFlow Serving does not tell which version has answered, and its users ask for it.
  return { status, headers: { 'content-type': 'application/json', 'x-model-version': model.version }, body }
}
