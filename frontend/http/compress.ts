import type { IncomingMessage, ServerResponse } from 'node:http'
import { promisify } from 'node:util'
import { brotliCompress, constants, deflate, gzip } from 'node:zlib'
import { acceptedEncoding } from './accept-encoding.ts'
import { contentBytes, contentOf, endsWithHead, joined, type Answer } from './answer-body.ts'

type Pack = (bytes: Uint8Array) => Promise<Buffer>

const CHUNK_BYTES = 128 * 1024
/** Numbers in JSON hardly get smaller at higher levels, but take twice to ten times as long (measured). */
const FAST = { level: constants.Z_BEST_SPEED, chunkSize: CHUNK_BYTES }
const FAST_BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 1 }, chunkSize: CHUNK_BYTES }

/** In Node's thread pool, all of them. */
const PACKERS = {
  gzip: (bytes) => promisify(gzip)(bytes, FAST),
  br: (bytes) => promisify(brotliCompress)(bytes, FAST_BROTLI),
  deflate: (bytes) => promisify(deflate)(bytes, FAST),
} satisfies Readonly<Record<string, Pack>>

export type Encoding = keyof typeof PACKERS
const SERVED = Object.keys(PACKERS) as Encoding[] // keys of the table above, in the order of preference

/** Types that get notably smaller; tensors as bytes hardly do. */
const COMPRESSIBLE = /^(?:text\/|application\/(?:[\w.-]+\+)?(?:json|xml|yaml)\b)/i

export type PackingOptions = {
  /** The `Accept-Encoding` of the request. */
  readonly accepted: string
  /** Smaller answers are not worth it. */
  readonly minBytes: number
}

/** The encoding for an answer; undefined when it goes out as it is. */
export function encodingFor(answer: Answer, { accepted, minBytes }: PackingOptions): Encoding | undefined {
  const { headers, body, status } = answer
  const isFixed = headers['content-encoding'] !== undefined || endsWithHead(status)
  if (isFixed || body.length === 0) return undefined
  const { encoding, refusesIdentity } = acceptedEncoding(accepted, SERVED)
  return refusesIdentity || isWorthwhile(answer, minBytes) ? encoding : undefined
}

function isWorthwhile({ headers, body }: Answer, minBytes: number): boolean {
  return COMPRESSIBLE.test(headers['content-type'] ?? '') && contentBytes(contentOf(body)) >= minBytes
}

/** The answer in that encoding. Never rejects: what cannot be packed goes out as it is. */
export async function packed(answer: Answer, encoding: Encoding): Promise<Answer> {
  try {
    const body = await PACKERS[encoding](joined(answer.body))
    return { ...answer, headers: { ...answer.headers, 'content-encoding': encoding }, body }
  } catch {
    return answer
  }
}

/** Tells caches that the answer depends on what the client takes, beside what else it depends on. */
export function varyByEncoding(res: ServerResponse, answer: Answer): Answer {
  const others = [res.getHeader('vary'), answer.headers['vary']].flatMap((each) => each ?? [])
  return { ...answer, headers: { ...answer.headers, vary: [...others, 'Accept-Encoding'].join(', ') } }
}

/** Whether a client says which encodings it takes; nearly all small requests do not, and pay nothing. */
export function acceptHeader({ method, headers }: IncomingMessage): string | undefined {
  return method === 'HEAD' ? undefined : headers['accept-encoding']?.toString()
}
