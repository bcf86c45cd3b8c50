import { isUtf8 } from 'node:buffer'
import type { RequestPart, RequestPayload } from '../../../worker/contract/messages.ts'
import { tensorToJson } from '../../../worker/contract/tensor-to-json.ts'
import type { Tensor } from '../../../worker/contract/tensor.ts'
import type { InferenceResponse } from '../../core/data-plane.ts'
import type { Answer, RequestContext, Transport } from './transport.ts'

const JSON_TYPE = 'application/json'

/**
 * A request as a handler sees it: the fields and files of a form by their names, anything else as one part `body`
 * with the request's content type.
 */
export async function requestFromHttp(
  transport: Transport,
  ctx: RequestContext,
  maxBytes: number,
): Promise<RequestPayload> {
  const contentType = ctx.req.headers['content-type']
  const bytes = await transport.readBody(ctx, maxBytes)
  if (!transport.isForm(contentType)) return { kind: 'parts', parts: [bodyPart(bytes, contentType)] }
  if (!isMultipart(contentType)) {
    // `curl -d '{…}'` and `curl --data-binary @7.png` call anything an urlencoded form.
    if (startsLikeJson(bytes)) return { kind: 'parts', parts: [bodyPart(bytes, JSON_TYPE)] }
    if (!isText(bytes)) return { kind: 'parts', parts: [bodyPart(bytes, undefined)] }
  }
  return { kind: 'parts', parts: await transport.partsFromForm(contentType, bytes) }
}

function bodyPart(bytes: Uint8Array, contentType: string | undefined): RequestPart {
  return contentType === undefined ? { name: 'body', bytes } : { name: 'body', contentType, bytes }
}

function startsLikeJson(bytes: Uint8Array): boolean {
  return bytes[0] === 0x7b || bytes[0] === 0x5b // `{` or `[`
}

function isText(bytes: Uint8Array): boolean {
  return isUtf8(bytes) && !bytes.includes(0)
}

function isMultipart(contentType: string): boolean {
  return contentType.toLowerCase().startsWith('multipart/')
}

/** The worker has checked that HTTP can carry the handler's status and headers. */
export function responseToHttp({ status = 200, headers, payload }: InferenceResponse): Answer {
  const isBytes = payload.kind === 'bytes'
  const contentType = isBytes ? (payload.contentType ?? 'application/octet-stream') : JSON_TYPE
  const body = isBytes ? payload.bytes : jsonFromTensors(payload.tensors)
  return { status, headers: { 'content-type': contentType, ...handlerHeaders(headers) }, body }
}

/** Tensors that a handler answered, as nested rows by name: `{"y":[[0.1,0.9]]}`. */
function jsonFromTensors(tensors: readonly Tensor[]): string {
  return `{${tensors.map((tensor) => `${JSON.stringify(tensor.name)}:${tensorToJson(tensor)}`).join(',')}}`
}

/** Headers about the connection or the length are the transport's, the id is the request's. */
const RESERVED_HEADERS = new Set([
  'connection',
  'content-length',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'x-request-id',
])

function handlerHeaders(headers: InferenceResponse['headers'] = {}): Record<string, string> {
  const accepted: Record<string, string> = {}
  for (const [givenName, value] of Object.entries(headers)) {
    const name = givenName.toLowerCase()
    if (!RESERVED_HEADERS.has(name)) accepted[name] = value
  }
  return accepted
}
