import { ServingError } from '../contract/errors.ts'
import type { BatchResponse, ResponsePayload } from '../contract/messages.ts'
import type { ResponseControl } from '../handler.ts'
import { tensorsFromAnswer } from './answered-tensors.ts'

const TOKEN = /^[!#$%&'*+.^_`|~\w-]+$/
/** Visible ASCII, blanks and Latin-1: what a header value may hold. */
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/

/**
 * A handler's answer as the frontend gets it.
 *
 * @throws ServingError `internal` when the handler answered nothing or a broken tensor, or set an impossible
 * status or header.
 */
export function responseFromAnswer(answer: unknown, control: ResponseControl): BatchResponse {
  const { status, contentType, headers } = control
  if (status !== undefined && (!Number.isInteger(status) || status < 200 || status > 599)) {
    throw new ServingError('internal', `the handler set status ${String(status)}, allowed are 200 to 599`)
  }
  return {
    ...(status === undefined ? {} : { status }),
    ...(hasKeys(headers) ? { headers: checkHeaders(headers) } : {}),
    payload: payloadFromAnswer(answer, contentType),
  }
}

function payloadFromAnswer(answer: unknown, contentType: string | undefined): ResponsePayload {
  if (contentType !== undefined) checkHeaders({ 'content-type': contentType })
  if (answer === undefined) throw new ServingError('internal', 'the handler answered undefined')
  if (answer instanceof Uint8Array) {
    return { kind: 'bytes', contentType: contentType ?? 'application/octet-stream', bytes: answer }
  }
  if (typeof answer === 'string') return textPayload(answer, contentType ?? 'text/plain; charset=utf-8')
  const tensors = tensorsFromAnswer(answer)
  if (tensors !== undefined) return { kind: 'tensors', tensors }
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
