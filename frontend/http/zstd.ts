import { Transform, type TransformCallback } from 'node:stream'
import * as zlib from 'node:zlib'
import { decodedByteLimit } from './decoded-limit.ts'
import { checkFrames } from './zstd-decode.ts'
import { decodeZstdInThread } from './zstd-thread.ts'

/** What a decoder has to support at least, and keeps in memory at most. @see RFC 8878, 3.1.1.1.2 */
export const MAX_WINDOW_BYTES = 8 * 1024 * 1024

/** Of Node.js 22.15 and later; the types are those of the oldest version that is supported. */
type ZstdOfNode = {
  readonly createZstdDecompress?: (options: zlib.BrotliOptions) => Transform
  readonly constants: { readonly ZSTD_d_windowLogMax?: number }
}

/** @param maxBytes the most that the caller will take of its output */
export function createZstdDecoder(maxBytes: number): Transform {
  const { createZstdDecompress: create, constants } = zlib as unknown as ZstdOfNode
  const { ZSTD_d_windowLogMax: windowLog } = constants
  if (create === undefined || windowLog === undefined) return new ThreadDecoder(maxBytes)
  return new CheckedDecoder(
    create({ chunkSize: 128 * 1024, params: { [windowLog]: Math.log2(MAX_WINDOW_BYTES) } }),
  )
}

/** Node's own decoder, which ends without a word where a body is cut (22.23, 24): that is looked at here. */
class CheckedDecoder extends Transform {
  readonly #decoder: Transform
  readonly #chunks: Buffer[] = []

  constructor(decoder: Transform) {
    super()
    this.#decoder = decoder
    decoder.on('data', (chunk: Buffer) => this.push(chunk))
    decoder.on('error', (error) => this.destroy(error))
  }

  override _transform(chunk: Buffer, _: BufferEncoding, done: TransformCallback): void {
    this.#chunks.push(chunk)
    this.#decoder.write(chunk, (error) => {
      done(error)
    })
  }

  override _flush(done: TransformCallback): void {
    try {
      checkFrames(Buffer.concat(this.#chunks), MAX_WINDOW_BYTES)
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)))
      return
    }
    this.#decoder.once('end', done)
    this.#decoder.end()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#decoder.destroy()
    done(error)
  }
}

/**
 * For Node.js before 22.15: the body is unpacked as a whole, by a decoder in JavaScript in a thread of its own, because
 * it would block the event loop, and because hostile bytes can keep it busy for long.
 * Remove it, and the package fzstd, when those versions are no longer supported.
 */
export class ThreadDecoder extends Transform {
  readonly #chunks: Buffer[] = []
  readonly #maxBytes: number
  readonly #abort = new AbortController()

  constructor(maxBytes: number) {
    super()
    this.#maxBytes = maxBytes
  }

  override _transform(chunk: Buffer, _: BufferEncoding, done: TransformCallback): void {
    this.#chunks.push(chunk)
    done()
  }

  override _flush(done: TransformCallback): void {
    const packed = Buffer.concat(this.#chunks)
    const { bytes: maxBytes } = decodedByteLimit(packed.byteLength, this.#maxBytes)
    const limits = { maxBytes, maxWindowBytes: MAX_WINDOW_BYTES }
    decodeZstdInThread(packed, limits, this.#abort.signal).then(
      (bytes) => {
        done(null, bytes)
      },
      (error: unknown) => {
        done(error instanceof Error ? error : new Error(String(error)))
      },
    )
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#abort.abort()
    done(error)
  }
}
