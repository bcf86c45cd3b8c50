import { isUtf8 } from 'node:buffer'
import type { RequestPart, RequestPayload, ResponsePayload } from '../../../worker/contract/messages.ts'
import { tensorToJson } from '../../../worker/contract/tensor-to-json.ts'
import type { Tensor } from '../../../worker/contract/tensor.ts'
import type { InferenceResponse, ResponsePiece } from '../../core/data-plane.ts'
import { isJson, startsLikeJson } from './looks-like-json.ts'
import { handlerHeaders } from '../kernel/handler-headers.ts'
import type { Answer, AnswerHead, RequestContext, Transport } from '../kernel/transport.ts'

const JSON_TYPE = 'application/json'
const TEXT_TYPE = 'text/plain'
const BYTES_TYPE = 'application/octet-stream'

export type RequestReading = {
  readonly maxBytes: number
  /** Inputs that came in the query; the body wins where both have a name. */
  readonly inputs?: URLSearchParams | undefined
}

/**
 * A request as a handler sees it: the fields and files of a form by their names, anything else as one part `body`
 * with the request's content type.
 */
export async function requestFromHttp(
  transport: Transport,
  ctx: RequestContext,
  { maxBytes, inputs }: RequestReading,
): Promise<RequestPayload> {
  const contentType = ctx.req.headers['content-type']
  const bytes = await transport.readBody(ctx, maxBytes)
  if (inputs !== undefined && inputs.size > 0) {
    const parts = bytes.byteLength === 0 ? [] : await partsOf(transport, contentType, bytes)
    return { kind: 'parts', parts: [...partsFromQuery(inputs, parts), ...parts] }
  }
  // No `await` where no form is parsed: nearly all requests come this way.
  const isForm = transport.isForm(contentType)
  return {
    kind: 'parts',
    parts: isForm ? await partsOf(transport, contentType, bytes) : [bodyPart(bytes, contentType)],
  }
}

async function partsOf(
  transport: Transport,
  contentType: string | undefined,
  bytes: Uint8Array,
): Promise<RequestPart[]> {
  if (!transport.isForm(contentType)) return [bodyPart(bytes, contentType)]
  return (
    (isMultipart(contentType) ? undefined : mislabelled(bytes)) ?? transport.partsFromForm(contentType, bytes)
  )
}

/** `curl -d '{…}'`, `curl -d 5.1`, `curl --data-binary @7.png`: curl calls anything an urlencoded form. */
function mislabelled(bytes: Uint8Array): RequestPart[] | undefined {
  if (startsLikeJson(bytes)) return [bodyPart(bytes, JSON_TYPE)]
  if (!isText(bytes)) return [bodyPart(bytes, undefined)]
  if (bytes.byteLength === 0 || bytes.includes(EQUALS_SIGN)) return undefined
  return [bodyPart(bytes, isJson(bytes) ? JSON_TYPE : TEXT_TYPE)]
}

const EQUALS_SIGN = 0x3d

function partsFromQuery(inputs: URLSearchParams, parts: readonly RequestPart[]): RequestPart[] {
  const names = new Set(parts.map(({ name }) => name))
  return [...inputs].flatMap(([name, value]) => (names.has(name) ? [] : { name, bytes: Buffer.from(value) }))
}

function bodyPart(bytes: Uint8Array, contentType: string | undefined): RequestPart {
  return contentType === undefined ? { name: 'body', bytes } : { name: 'body', contentType, bytes }
}

function isText(bytes: Uint8Array): boolean {
  return isUtf8(bytes) && !bytes.includes(0)
}

function isMultipart(contentType: string): boolean {
  return contentType.toLowerCase().startsWith('multipart/')
}

/** The worker has checked that HTTP can carry the handler's status and headers. */
export function responseToHttp({ status = 200, headers, payload }: InferenceResponse): Answer {
  const contentType = payload.kind === 'bytes' ? (payload.contentType ?? BYTES_TYPE) : JSON_TYPE
  return {
    status,
    headers:
      headers === undefined
        ? { 'content-type': contentType }
        : { 'content-type': contentType, ...handlerHeaders(headers) },
    body: bodyOf(payload),
  }
}

/** The head of an answer that comes in pieces, by the first of them; TorchServe's clients know it by its mark. */
export function headOfPiece({ status = 200, headers, contentType = BYTES_TYPE }: ResponsePiece): AnswerHead {
  return {
    status,
    headers: { 'content-type': contentType, ts_stream_next: 'true', ...handlerHeaders(headers) },
  }
}

export function bytesOf(payload: ResponsePayload): Uint8Array {
  const body = bodyOf(payload)
  return typeof body === 'string' ? Buffer.from(body) : body
}

function bodyOf(payload: ResponsePayload): Uint8Array | string {
  return payload.kind === 'bytes' ? payload.bytes : jsonFromTensors(payload.tensors)
}

/** Tensors that a handler answered, as nested rows by name: `{"y":[[0.1,0.9]]}`. */
export function jsonFromTensors(tensors: readonly Tensor[]): string {
  return `{${tensors.map((tensor) => `${JSON.stringify(tensor.name)}:${tensorToJson(tensor)}`).join(',')}}`
}
