import { formatModelId } from '../../../worker/contract/model-id.ts'
import type { TensorsPayload } from '../../../worker/contract/messages.ts'
import type { Mutable } from '../../../worker/contract/mutable.ts'
import { LARGE_MEMORY_BYTES } from '../../../worker/contract/reused-memory.ts'
import type { NonFinite } from '../../../worker/contract/tensor-to-json.ts'
import type { AdmittedRequest, DataPlane, ModelSelector, RequestHead } from '../../core/data-plane.ts'
import { HttpRequestHead, SEQUENCE_HEADERS, type SequenceHeaders } from '../kernel/request-head.ts'
import type { HotRoute } from '../kernel/route-table.ts'
import type { RequestContext, Transport } from '../kernel/transport.ts'
import { answerFrom, type AnswerStyle } from './answer-codec.ts'
import { BodyBlocks, jsonLengthOf } from './body-blocks.ts'
import { classificationOf } from './classified-outputs.ts'
import { requestFromBody } from './codec.ts'
import type { InferRequest } from './infer-request.ts'
import { requestFromRawBody } from './raw-request.ts'
import type { ReadParameters } from './request-parameters.ts'

export type InferOptions = {
  readonly dataPlane: DataPlane
  readonly transport: Transport
  /** Unless a request says otherwise. */
  readonly nonFinite: NonFinite
  readonly readParameters: ReadParameters
  /** TorchServe's unless given. */
  readonly sequenceHeaders?: SequenceHeaders
}

const PREFIX = '/v2/models/'
/** A model, perhaps a version, nothing that needs decoding; anything else takes the router's way. */
const PLAIN_TARGET = /^\/v2\/models\/([\w.-]+)(?:\/versions\/([\w.-]+))?\/infer(?:\?|$)/

export function inferHot(options: InferOptions): HotRoute {
  return {
    modelOf: ({ url = '', method }) => {
      if (method !== 'POST' || !url.startsWith(PREFIX)) return undefined
      const match = PLAIN_TARGET.exec(url)
      if (match?.[1] === undefined) return undefined
      return match[2] === undefined ? { name: match[1] } : { name: match[1], version: match[2] }
    },
    answer: (ctx, model) => infer(options, ctx, model),
  }
}

/**
 * Admission comes before the body: a request that cannot be served costs its head, not its bytes.
 *
 * @throws at once for what is not admitted, see {@link HotRoute}
 */
export function infer(options: InferOptions, ctx: RequestContext, model: ModelSelector): Promise<void> {
  const { dataPlane, transport, sequenceHeaders = SEQUENCE_HEADERS } = options
  ctx.state.model = model.name
  ctx.state.checkModel?.(model.name)
  const announcedBytes = transport.announcedBytes(ctx.req)
  const ofHead = { announcedBytes, sequenceHeaders, sequenceInBody: true } as const
  const head = new HttpRequestHead(ctx, { model }, ofHead)
  const admitted = dataPlane.admit(head)
  ctx.state.model = formatModelId(admitted.model)
  return run(options, ctx, { head, admitted })
}

async function run(options: InferOptions, ctx: RequestContext, admission: Admitted): Promise<void> {
  try {
    await answer(options, ctx, admission)
  } finally {
    // What has run has no place to give back any more.
    admission.admitted.cancel()
  }
}

type Admitted = { readonly head: RequestHead; readonly admitted: AdmittedRequest }

async function answer(
  { dataPlane, transport, readParameters, nonFinite }: InferOptions,
  ctx: RequestContext,
  { head, admitted }: Admitted,
): Promise<void> {
  const { request, body } = await requestFromHttp(transport, ctx, admitted)
  const { run, parameters } = readParameters(request.parameters, head)
  const { name, version } = admitted.model
  const classify = classificationOf(request.outputs ?? [], () => dataPlane.metadata({ name, version }))
  const response = await admitted.run(payloadOf(request, parameters), run)
  // It has an answer, so a worker has read all of it. Of one that has failed, a frame may still be on its way.
  transport.giveBack(body)
  const style = styleOf(request, nonFinite)
  transport.send(ctx, answerFrom(response, { style, classify }))
  if (isLargeOnHttp1(ctx)) ctx.res.once('finish', () => admitted.giveBack(response))
}

/** Of HTTP/2, a response finishes before the connection has sent it. */
function isLargeOnHttp1({ req, state }: RequestContext): boolean {
  return state.responseBytes >= LARGE_MEMORY_BYTES && req.httpVersionMajor === 1
}

async function requestFromHttp(
  transport: Transport,
  ctx: RequestContext,
  { maxRequestBytes, inputs }: AdmittedRequest,
): Promise<{ readonly request: InferRequest; readonly body: Uint8Array }> {
  const jsonLength = jsonLengthOf(ctx.req.headers)
  const body = await transport.readBody(ctx, maxRequestBytes, jsonLength)
  const request =
    jsonLength === 0
      ? requestFromRawBody(body, inputs)
      : requestFromBody(new BodyBlocks(body, jsonLength), inputs)
  return { request, body }
}

function payloadOf(
  { tensors, outputs }: InferRequest,
  parameters: TensorsPayload['parameters'],
): TensorsPayload {
  const payload: Mutable<TensorsPayload> = { kind: 'tensors', tensors }
  if (outputs !== undefined) payload.outputs = outputs.map(({ name }) => name)
  if (parameters !== undefined) payload.parameters = parameters
  return payload
}

/** What the request says of its answer, and for the rest the server. */
function styleOf(
  { id, outputs, isBinaryByDefault, nonFinite }: InferRequest,
  byDefault: NonFinite,
): AnswerStyle {
  const style: Mutable<AnswerStyle> = { isBinaryByDefault, nonFinite: nonFinite ?? byDefault }
  if (id !== undefined) style.id = id
  if (outputs !== undefined) style.outputs = outputs
  return style
}
