import { buffer } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { pack } from 'tar-stream'
import type { Header } from 'tar-stream'

/** One entry of a hand-made tar file; `content` may be left out for what has none. */
export type TarItem = Partial<Header> & { readonly name: string; readonly content?: Uint8Array }

/** A `.tar.gz` file with whatever entries a test wants. */
export async function tarBytes(items: readonly TarItem[]): Promise<Buffer> {
  const tar = pack()
  for (const { content = new Uint8Array(), ...header } of items) tar.entry(header, content)
  tar.finalize()
  return gzipSync(await buffer(tar as AsyncIterable<Uint8Array>)) // it streams bytes, but does not say so
}
