import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { ServingError } from '../../worker/contract/errors.ts'
import { BodyBuffer } from './body-buffer.ts'
import { decodingOf, type Decoding } from './content-encoding.ts'
import { decodedByteLimit } from './decoded-limit.ts'
import { endsWithItsHead } from './http2-exchange.ts'
import { IncomingRequest } from './incoming-request.ts'
import { announcedBodyTooLarge, bodyTooLarge, clientGone, dribbledBody, undecodableBody } from './errors.ts'
import { ZstdTooLarge } from './zstd-decode.ts'

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
  // HTTP/2 knows no transfer encodings.
  if (req.httpVersionMajor === 2) return endsWithItsHead(req) === true ? 0 : undefined
  return req.headers['transfer-encoding'] === undefined ? 0 : undefined
}

/**
 * Reads the whole body, unpacked if it came packed. `maxBytes` holds for both forms; a body that announces more
 * is refused before a byte of it is read.
 *
 * @param alignedAt the byte of the unpacked body that is to lie at a multiple of 8 in its buffer, so that tensors can
 * be read in place; a body that came in one small piece is given as it lies.
 * @throws ServingError `resource_exhausted` (too large) | `invalid_argument` (encoding) | `cancelled` (client gone)
 */
export function readBody(exchange: Exchange, maxBytes: number, alignedAt = 0): Promise<Uint8Array> {
  const { req, res } = exchange
  const announced = announcedBytes(req)
  if (announced !== undefined && announced > maxBytes) throw announcedBodyTooLarge(announced, maxBytes)
  const decoding = decodingOf(req.headers['content-encoding'])
  // The listener leaves `100 Continue` to this place, so that a refused body is never sent.
  if (req.headers.expect !== undefined) res.writeContinue()
  if (decoding !== undefined) return unpack(exchange, decoding, { maxBytes, alignedAt })
  return collect(exchange, { maxBytes, boundBytes: announced ?? maxBytes, alignedAt })
}

type Arrival = {
  /** Its taker may fall behind: the request is paused then, which takes a stream. */
  readonly isPaced?: true
  readonly onChunk: (chunk: Buffer) => void
  readonly onEnd: () => void
  /** Nothing comes after it. */
  readonly onError: (error: ServingError) => void
}

/** Takes in the body as it comes, within its limits. @returns a function that stops it */
function receive({ req, state }: Exchange, maxBytes: number, arrival: Arrival): () => void {
  let [chunks, bytes] = [0, 0]
  let isOver = false
  const stop = () => {
    isOver = true
    if (isDirect(req)) req.takeBodyBack()
    req.off('data', onData)
    req.pause()
  }
  const refuse = (error: ServingError) => {
    stop()
    arrival.onError(error)
  }
  const onData = (chunk: Buffer) => {
    chunks++
    bytes += chunk.byteLength
    if (bytes > maxBytes) refuse(bodyTooLarge(maxBytes))
    else if (chunks > FREE_CHUNKS && bytes < chunks * MIN_MEAN_CHUNK_BYTES) refuse(dribbledBody(chunks))
    else arrival.onChunk(chunk)
  }
  const onEnd = () => {
    if (isOver) return
    isOver = true
    state.requestBytes = bytes
    arrival.onEnd()
  }
  if (arrival.isPaced === true || !isDirect(req) || !req.giveBodyTo({ onChunk: onData, onEnd })) {
    req.on('data', onData)
    req.once('end', onEnd)
  }
  // Follows `end` too; an error is not even made then, because its stack costs more than the body.
  req.once('close', () => {
    if (isOver) return
    isOver = true
    arrival.onError(clientGone())
  })
  return stop
}

/** Requests of HTTP/2 are of Node's own class. */
function isDirect(req: IncomingMessage): req is IncomingRequest {
  return req instanceof IncomingRequest
}

type Reading = { readonly maxBytes: number; readonly boundBytes: number; readonly alignedAt: number }

/** Most bodies are one piece, which is handed out as it came. */
function collect(exchange: Exchange, reading: Reading): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let first: Buffer | undefined
    let whole: BodyBuffer | undefined
    receive(exchange, reading.maxBytes, {
      onChunk: (chunk) => {
        if (first === undefined) {
          first = chunk
          return
        }
        if (whole === undefined) {
          whole = new BodyBuffer(reading)
          whole.push(first)
        }
        whole.push(chunk)
      },
      onEnd: () => {
        resolve(whole?.take() ?? first ?? Buffer.alloc(0))
      },
      onError: reject,
    })
  })
}

/** Counts while it unpacks: a bomb is noticed when it passes the limit, not when it has gone off. */
function unpack(
  exchange: Exchange,
  decoding: Decoding,
  { maxBytes, alignedAt }: Omit<Reading, 'boundBytes'>,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const { req } = exchange
    const decoder = decoding.open(maxBytes)
    const whole = new BodyBuffer({ boundBytes: maxBytes, alignedAt })
    let packedBytes = 0
    const fail = (error: ServingError) => {
      stop()
      decoder.destroy()
      reject(error)
    }
    const stop = receive(exchange, maxBytes, {
      isPaced: true,
      onChunk: (chunk) => {
        packedBytes += chunk.byteLength
        writePaced(req, decoder, chunk)
      },
      onEnd: () => decoder.end(),
      onError: fail,
    })
    decoder.on('data', (chunk: Buffer) => {
      const limit = decodedByteLimit(packedBytes, maxBytes)
      if (whole.byteLength + chunk.byteLength > limit.bytes) fail(limit.exceeded(decoding.name))
      else whole.push(chunk)
    })
    decoder.once('end', () => resolve(whole.take()))
    decoder.on('error', (error) => {
      const isTooLarge = error instanceof ZstdTooLarge
      fail(
        isTooLarge
          ? decodedByteLimit(packedBytes, maxBytes).exceeded(decoding.name)
          : undecodableBody(decoding.name, error),
      )
    })
  })
}

/** The client waits while the decoder is behind. */
function writePaced(req: IncomingMessage, decoder: Duplex, chunk: Buffer): void {
  if (decoder.write(chunk)) return
  req.pause()
  decoder.once('drain', () => req.resume())
}
