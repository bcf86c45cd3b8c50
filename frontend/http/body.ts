import type { IncomingMessage, ServerResponse } from 'node:http'
import { decoderOf } from './content-encoding.ts'
import { announcedBodyTooLarge, bodyTooLarge, clientGone, dribbledBody } from './errors.ts'

/** A flood of tiny chunks costs CPU out of proportion: beyond this many, they must carry something each. */
const FREE_CHUNKS = 1000
const MIN_MEAN_CHUNK_BYTES = 64

export type Exchange = {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly state: { requestBytes: number }
}

/** What `Content-Length` says; undefined for a chunked body. Node has checked that it is a number. */
export function announcedBytes(req: IncomingMessage): number | undefined {
  const header = req.headers['content-length']
  if (header !== undefined) return Number(header)
  return req.headers['transfer-encoding'] === undefined ? 0 : undefined
}

/**
 * Reads the whole body, unpacked if it came packed. `maxBytes` holds for both forms; a body that announces more
 * is refused before a byte of it is read.
 *
 * @throws ServingError `resource_exhausted` (too large) | `invalid_argument` (encoding) | `cancelled` (client gone)
 */
export async function readBody({ req, res, state }: Exchange, maxBytes: number): Promise<Uint8Array> {
  const announced = announcedBytes(req)
  if (announced !== undefined && announced > maxBytes) throw announcedBodyTooLarge(announced, maxBytes)
  const decode = decoderOf(req.headers['content-encoding'])
  // The listener leaves `100 Continue` to this place, so that a refused body is never sent.
  if (req.headers.expect !== undefined) res.writeContinue()
  const bytes = await collect(req, maxBytes)
  state.requestBytes = bytes.byteLength
  return decode === undefined ? bytes : decode(bytes, maxBytes)
}

function collect(req: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    let isWhole = false
    const refuse = (error: Error) => {
      req.off('data', onData)
      req.pause()
      reject(error)
    }
    const onData = (chunk: Buffer) => {
      bytes += chunk.byteLength
      chunks.push(chunk)
      if (bytes > maxBytes) refuse(bodyTooLarge(maxBytes))
      else if (chunks.length > FREE_CHUNKS && bytes < chunks.length * MIN_MEAN_CHUNK_BYTES) {
        refuse(dribbledBody(chunks.length))
      }
    }
    req.on('data', onData)
    req.once('end', () => {
      isWhole = true
      const [first] = chunks
      resolve(first !== undefined && chunks.length === 1 ? first : Buffer.concat(chunks, bytes))
    })
    // Follows `end` too; an error is not even made then, because its stack costs more than the body.
    req.once('close', () => {
      if (!isWhole) reject(clientGone())
    })
  })
}
