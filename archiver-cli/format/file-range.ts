import type { FileHandle } from 'node:fs/promises'
import { brokenArchive } from './archive-errors.ts'

const CHUNK_BYTES = 256 * 1024

/**
 * Streams `[start, end)` of an open file. Each chunk has its own memory.
 *
 * Positional reads of one handle, so that the file that was checked is the file that is read, whatever its name
 * points to by then.
 */
export async function* readRange(file: FileHandle, start: number, end: number): AsyncGenerator<Buffer> {
  for (let position = start; position < end;) {
    const chunk = Buffer.allocUnsafeSlow(Math.min(CHUNK_BYTES, end - position))
    const { bytesRead } = await file.read(chunk, 0, chunk.length, position)
    if (bytesRead === 0) throw brokenArchive('ends too early')
    yield chunk.subarray(0, bytesRead)
    position += bytesRead
  }
}

/** Reads all of `[start, end)`, which the caller has bounded. */
export async function readExactly(file: FileHandle, start: number, end: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of readRange(file, start, end)) chunks.push(chunk)
  return Buffer.concat(chunks)
}
