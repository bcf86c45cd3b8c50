import type { Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import type { ServingError } from '../../worker/contract/errors.ts'
import { decodedBodyTooDense, decodedBodyTooLarge, unsupportedEncoding } from './errors.ts'

/** How a body is unpacked. */
export type Decoding = {
  readonly name: string
  /** @param maxBytes the most that the caller will take of its output */
  readonly open: (maxBytes: number) => Transform
}

const DECODERS: Readonly<Record<string, Decoding['open']>> = {
  gzip: () => createGunzip(OPTIONS),
  'x-gzip': () => createGunzip(OPTIONS),
  deflate: () => createInflate(OPTIONS),
  br: () => createBrotliDecompress(OPTIONS),
}

/** Larger than Node's 16 KiB: each piece of output is a trip to its thread pool. */
const OPTIONS = { chunkSize: 128 * 1024 }

/** As `Accept-Encoding` of a refusal names them. */
export const ACCEPTED_ENCODINGS = ['gzip', 'deflate', 'br'] as const

/**
 * The decoding of a `Content-Encoding`, undefined for none. One layer only: nested ones multiply their ratios.
 *
 * @throws ServingError `invalid_argument` for any other encoding
 */
export function decodingOf(encoding: string | undefined): Decoding | undefined {
  const name = encoding?.trim().toLowerCase()
  if (name === undefined || name === '' || name === 'identity') return undefined
  const open = Object.hasOwn(DECODERS, name) ? DECODERS[name] : undefined
  if (open === undefined) throw unsupportedEncoding(name, ACCEPTED_ENCODINGS)
  return { name, open }
}

/** Gzip and deflate reach 1032 at most; what is packed beyond that by another encoding is a bomb, or holds nothing. */
const MAX_RATIO = 1100
/** What any body may unpack to, however small it is. */
const FREE_BYTES = 1024 * 1024

type DecodedLimit = { readonly bytes: number; readonly exceeded: (encoding: string) => ServingError }

/** What may come out by now. @param packedBytes what has gone in */
export function decodedByteLimit(packedBytes: number, maxBytes: number): DecodedLimit {
  const denseBytes = FREE_BYTES + MAX_RATIO * packedBytes
  return maxBytes <= denseBytes
    ? { bytes: maxBytes, exceeded: (encoding) => decodedBodyTooLarge(encoding, maxBytes) }
    : { bytes: denseBytes, exceeded: (encoding) => decodedBodyTooDense(encoding, MAX_RATIO) }
}
