import type { Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { createZstdDecoder } from './zstd.ts'
import { unsupportedEncoding } from './errors.ts'

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
  zstd: createZstdDecoder,
}

/** Larger than Node's 16 KiB: each piece of output is a trip to its thread pool. */
const OPTIONS = { chunkSize: 128 * 1024 }

/** As `Accept-Encoding` of a refusal names them. */
export const ACCEPTED_ENCODINGS = ['gzip', 'deflate', 'br', 'zstd'] as const

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
