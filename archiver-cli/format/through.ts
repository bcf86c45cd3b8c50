import { Readable } from 'node:stream'
import type { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'

/**
 * Passes content through a compressor or decompressor. The reader gets the error of either side, and when it stops
 * reading, both are closed.
 */
export async function* through(
  content: AsyncIterable<Uint8Array>,
  transform: Transform,
): AsyncGenerator<Buffer> {
  const source = Readable.from(content)
  // An error may still come after the reader has gone, and without a listener it would end the process.
  transform.on('error', () => undefined)
  const feeding = pipeline(source, transform).catch(() => undefined) // the loop below throws it
  try {
    for await (const chunk of transform) yield chunk as Buffer // as zlib streams do without an encoding
  } finally {
    source.destroy()
    transform.destroy()
    await feeding
  }
}
