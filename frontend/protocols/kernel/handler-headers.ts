import type { InferenceResponse } from '../../core/data-plane.ts'

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

/** The headers that a handler chose for its answer, by their lower-case names. */
export function handlerHeaders(headers: InferenceResponse['headers'] = {}): Record<string, string> {
  const accepted: Record<string, string> = {}
  for (const [givenName, value] of Object.entries(headers)) {
    const name = givenName.toLowerCase()
    if (!RESERVED_HEADERS.has(name)) accepted[name] = value
  }
  return accepted
}
