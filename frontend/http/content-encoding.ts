import { promisify } from 'node:util'
import { brotliDecompress, gunzip, inflate } from 'node:zlib'
import { decodedBodyTooLarge, undecodableBody, unsupportedEncoding } from './errors.ts'

type Decoder = (bytes: Uint8Array, options: { readonly maxOutputLength: number }) => Promise<Buffer>

const DECODERS: Readonly<Record<string, Decoder>> = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
}

/**
 * The decoder of a `Content-Encoding`, undefined for none. One layer only: nested ones multiply their ratios.
 *
 * @throws ServingError `invalid_argument` for any other encoding
 */
export function decoderOf(
  encoding: string | undefined,
): ((bytes: Uint8Array, maxBytes: number) => Promise<Uint8Array>) | undefined {
  const name = encoding?.trim().toLowerCase()
  if (name === undefined || name === '' || name === 'identity') return undefined
  const decoder = Object.hasOwn(DECODERS, name) ? DECODERS[name] : undefined
  if (decoder === undefined) throw unsupportedEncoding(name)
  return (bytes, maxBytes) => decode(name, decoder, { bytes, maxBytes })
}

async function decode(
  name: string,
  decoder: Decoder,
  { bytes, maxBytes }: { readonly bytes: Uint8Array; readonly maxBytes: number },
): Promise<Uint8Array> {
  try {
    return await decoder(bytes, { maxOutputLength: maxBytes })
  } catch (error) {
    if (error instanceof RangeError && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE') {
      throw decodedBodyTooLarge(name, maxBytes)
    }
    throw undecodableBody(name, error)
  }
}
