import { isServingError, ServingError } from '../../../worker/contract/errors.ts'
import type { TensorsPayload } from '../../../worker/contract/messages.ts'
import { formatModelId } from '../../../worker/contract/model-id.ts'
import type {
  AdmittedRequest,
  InferenceResponse,
  ModelSelector,
  ResponsePiece,
} from '../../core/data-plane.ts'
import { handlerHeaders } from '../kernel/handler-headers.ts'
import { HttpRequestHead, SEQUENCE_HEADERS } from '../kernel/request-head.ts'
import type { RequestContext } from '../kernel/transport.ts'
import { refuseErrorStatus } from './answer-codec.ts'
import { EventAnswer } from './event-answer.ts'
import { generateAnswer, type GenerateStyle } from './generate-answer.ts'
import { generateRequestFrom } from './generate-request.ts'
import type { InferOptions } from './infer.ts'
import { readJsonObject } from './json-body.ts'
import { nonFiniteFrom } from './output-selection.ts'

/** Plain values in, plain values out, in one answer. @throws ServingError */
export async function generate(
  options: InferOptions,
  ctx: RequestContext,
  model: ModelSelector,
): Promise<void> {
  await admitted(options, ctx, model, async (asked, style) => {
    const pieces: Uint8Array[] = []
    const response = await asked.run(({ bytes }) => {
      pieces.push(bytes)
      if (pieces.length > 1) throw severalAnswers()
    })
    const text = generateAnswer(onlyAnswer(response, pieces), style)
    const headers = { ...handlerHeaders(response.headers), 'content-type': 'application/json' }
    options.transport.send(ctx, { status: response.status ?? 200, headers, body: text })
  })
}

/**
 * Plain values in, an event for each piece of the answer out. What fails before the first event is an error as
 * anywhere else; later, the error is the last event.
 *
 * @throws ServingError
 */
export async function generateStream(
  options: InferOptions,
  ctx: RequestContext,
  model: ModelSelector,
): Promise<void> {
  await admitted(options, ctx, model, async (asked, style) => {
    const events = new EventAnswer(options.transport, ctx)
    try {
      const response = await asked.run((piece) => {
        events.send(generateAnswer({ kind: 'bytes', bytes: piece.bytes }, style), piece)
      })
      const { payload, streamed } = response
      const isEmptyEnd = streamed && payload.kind === 'bytes' && payload.bytes.byteLength === 0
      if (!isEmptyEnd) events.send(generateAnswer(payload, style), response)
    } catch (error) {
      if (!events.hasBegun || !isServingError(error) || error.code === 'cancelled') throw error
      endWithError(events, error)
      return
    }
    events.end()
  })
}

/** @throws the error again where it is the server's own: the response is whole, and the log must have it. */
function endWithError(events: EventAnswer, error: ServingError): void {
  events.send(JSON.stringify({ error: error.message }))
  events.end()
  if (error.code === 'internal') throw error
}

/** A request that was read, and waits to be run. */
type Asked = { run(onPiece: (piece: ResponsePiece) => void): Promise<InferenceResponse> }

/** Admission comes before the body, as anywhere. */
async function admitted(
  options: InferOptions,
  ctx: RequestContext,
  model: ModelSelector,
  answer: (asked: Asked, style: GenerateStyle) => Promise<void>,
): Promise<void> {
  const { dataPlane, transport, sequenceHeaders = SEQUENCE_HEADERS } = options
  ctx.state.model = model.name
  const announcedBytes = transport.announcedBytes(ctx.req)
  const head = new HttpRequestHead(ctx, { model }, { announcedBytes, sequenceHeaders, sequenceInBody: true })
  const request = dataPlane.admit(head)
  ctx.state.model = formatModelId(request.model)
  try {
    await answerRead({ options, ctx, head, request }, answer)
  } finally {
    // What has run has no place to give back any more.
    request.cancel()
  }
}

type Admitted = {
  readonly options: InferOptions
  readonly ctx: RequestContext
  readonly head: HttpRequestHead
  readonly request: AdmittedRequest
}

async function answerRead(
  { options, ctx, head, request }: Admitted,
  answer: (asked: Asked, style: GenerateStyle) => Promise<void>,
): Promise<void> {
  const { dataPlane, transport, readParameters } = options
  const body = await readJsonObject(transport, ctx, request.maxRequestBytes)
  const { id, tensors, parameters: given } = generateRequestFrom(body, request.inputs)
  const { run, parameters } = readParameters(given, head)
  const payload: TensorsPayload = {
    kind: 'tensors',
    tensors,
    ...(parameters === undefined ? {} : { parameters }),
  }
  const { name, version } = request.model
  const style = {
    model: request.model,
    id,
    nonFinite: nonFiniteFrom(given.non_finite, '/parameters/non_finite') ?? options.nonFinite,
    outputs: () => dataPlane.metadata({ name, version }).outputs,
  }
  const asked: Asked = {
    run: async (onPiece) => {
      const response = await request.run(payload, { ...run, onPiece })
      refuseErrorStatus(response)
      return response
    },
  }
  await answer(asked, style)
}

/** The protocol has one answer here; a handler may have written it as its only piece. */
function onlyAnswer({ payload, streamed }: InferenceResponse, pieces: readonly Uint8Array[]) {
  if (!streamed) return payload
  const isEmptyEnd = payload.kind === 'bytes' && payload.bytes.byteLength === 0
  const [bytes] = pieces
  if (bytes === undefined) return payload
  if (!isEmptyEnd) throw severalAnswers()
  return { kind: 'bytes', bytes } as const
}

function severalAnswers(): ServingError {
  return new ServingError(
    'invalid_argument',
    'the model answers in several pieces, and generate has one answer; use generate_stream',
    { reason: 'several_answers' },
  )
}
