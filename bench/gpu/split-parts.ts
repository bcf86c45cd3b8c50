import { createWriteStream, type WriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'

/** Writes a stream of bytes as files of a size that every way of carrying takes. @returns their paths, in order */
export async function splitParts(
  content: AsyncIterable<Uint8Array>,
  { path, partBytes }: { readonly path: string; readonly partBytes: number },
): Promise<string[]> {
  const paths: string[] = []
  let part: WriteStream | undefined
  let leftBytes = 0
  for await (const chunk of content) {
    for (let rest = chunk; rest.byteLength > 0;) {
      if (leftBytes === 0) {
        await ended(part)
        const name = `${path}.${String(paths.length).padStart(2, '0')}`
        paths.push(name)
        part = createWriteStream(name)
        leftBytes = partBytes
      }
      const piece = rest.subarray(0, leftBytes)
      leftBytes -= piece.byteLength
      rest = rest.subarray(piece.byteLength)
      await written(part, piece)
    }
  }
  await ended(part)
  return paths
}

async function written(part: WriteStream | undefined, piece: Uint8Array): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    part?.write(piece, (error) => (error ? reject(error) : resolve()))
  })
}

async function ended(part: WriteStream | undefined): Promise<void> {
  if (part === undefined) return
  part.end()
  await finished(part)
}
