import type { ServingError } from '../../worker/contract/errors.ts'
import { decodedBodyTooDense, decodedBodyTooLarge } from './errors.ts'

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
