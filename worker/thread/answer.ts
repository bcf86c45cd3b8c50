import { ServingError } from '../contract/errors.ts'
import type { BatchResponse, ResponsePayload, ResponsePiece } from '../contract/messages.ts'
import type { ResponseControl } from '../handler.ts'
import { checkParameters } from './answered-parameters.ts'
import { selectTensors, tensorsFromAnswer } from './answered-tensors.ts'

const TOKEN = /^[!#$%&'*+.^_`|~\w-]+$/
/** Visible ASCII, blanks and Latin-1: what a header value may hold. */
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/

/**
 * A handler's answer as the frontend gets it.
 *
 * @param wantedOutputs the tensors that the client wants, in its order; absent: all
 * @throws ServingError `internal` when the handler answered nothing or a broken tensor, or set an impossible
 * status or header.
 */
export function responseFromAnswer(
  answer: unknown,
  control: ResponseControl,
  wantedOutputs?: readonly string[],
): BatchResponse {
  return { ...headFromControl(control), payload: payloadFromAnswer(answer, control, wantedOutputs) }
}

/**
 * A piece of a streamed answer; with `control`, the first, which carries the head of the answer.
 *
 * @throws ServingError `internal` when it is nothing that can be sent, or the head is impossible.
 */
export function pieceFromValue(value: unknown, control?: ResponseControl): ResponsePiece {
  const bytes = pieceBytes(value)
  if (control === undefined) return { bytes }
  const contentType = control.contentType ?? pieceType(value)
  checkContentType(contentType)
  return { ...headFromControl(control), contentType, bytes }
}

/** What a handler returns after it has streamed: the last piece, possibly none. */
export function responseAfterPieces(answer: unknown): BatchResponse {
  const bytes = answer === undefined ? new Uint8Array(0) : pieceBytes(answer)
  return { payload: { kind: 'bytes', bytes } }
}

function headFromControl({ status, headers }: ResponseControl): Omit<BatchResponse, 'payload'> {
  if (status !== undefined && (!Number.isInteger(status) || status < 200 || status > 599)) {
    throw new ServingError('internal', `the handler set status ${String(status)}, allowed are 200 to 599`)
  }
  return {
    ...(status === undefined ? {} : { status }),
    ...(hasKeys(headers) ? { headers: checkHeaders(headers) } : {}),
  }
}

function pieceBytes(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value
  if (typeof value === 'string') return Buffer.from(value)
  if (tensorsFromAnswer(value) === undefined) return Buffer.from(`${jsonText(value)}\n`)
  throw new ServingError(
    'internal',
    'the handler streams tensors, which no protocol can send in pieces; write bytes, text or JSON values',
  )
}

/** Values go out as lines of JSON: only so can a client tell where one ends. */
function pieceType(value: unknown): string {
  if (value instanceof Uint8Array) return 'application/octet-stream'
  return typeof value === 'string' ? 'text/plain; charset=utf-8' : 'application/x-ndjson'
}

function payloadFromAnswer(
  answer: unknown,
  { contentType, parameters }: ResponseControl,
  wantedOutputs: readonly string[] | undefined,
): ResponsePayload {
  if (contentType !== undefined) checkContentType(contentType)
  if (answer === undefined) throw new ServingError('internal', 'the handler answered undefined')
  if (answer instanceof Uint8Array) {
    return { kind: 'bytes', contentType: contentType ?? 'application/octet-stream', bytes: answer }
  }
  if (typeof answer === 'string') return textPayload(answer, contentType ?? 'text/plain; charset=utf-8')
  const tensors = tensorsFromAnswer(answer)
  if (tensors !== undefined) {
    return {
      kind: 'tensors',
      tensors: wantedOutputs === undefined ? tensors : selectTensors(tensors, wantedOutputs),
      ...(parameters === undefined ? {} : { parameters: checkParameters(parameters) }),
    }
  }
  return textPayload(jsonText(answer), contentType ?? 'application/json')
}

function textPayload(text: string, contentType: string): ResponsePayload {
  return { kind: 'bytes', contentType, bytes: Buffer.from(text) }
}

/** Typed arrays become lists, integers beyond 2^53 strings, as in the built-in tensor handler. */
function jsonText(value: unknown): string {
  const text: string | undefined = JSON.stringify(value, (_, each: unknown) => {
    // A list of 64-bit integers comes back here, element by element.
    if (ArrayBuffer.isView(each) && !(each instanceof DataView)) return Array.from(each as Float32Array)
    if (typeof each !== 'bigint') return each
    return Number.isSafeInteger(Number(each)) ? Number(each) : each.toString()
  })
  if (text === undefined) throw new ServingError('internal', `the handler answered a ${typeof value}`)
  return text
}

/** Handlers answer in one type, as a rule. */
let lastContentType: string | undefined

function checkContentType(contentType: string): void {
  if (contentType === lastContentType) return
  checkHeaders({ 'content-type': contentType })
  lastContentType = contentType
}

function checkHeaders(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  for (const [name, value] of Object.entries(headers)) {
    if (!TOKEN.test(name) || typeof value !== 'string' || !HEADER_VALUE.test(value)) {
      throw new ServingError(
        'internal',
        `the handler set the impossible header ${JSON.stringify({ [name]: value })}`,
      )
    }
  }
  return headers
}

function hasKeys(record: object): boolean {
  for (const _ in record) return true
  return false
}
