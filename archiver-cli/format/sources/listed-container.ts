import { checkEntries, type Container } from '../container.ts'
import { MANIFEST_PATH, type Manifest } from '../manifest.ts'
import { contentOf, manifestFileOf, type PackedFile } from '../packed-file.ts'

/**
 * The manifest of files that lie anywhere, and a container that shows them as an archive with it. Every file is read
 * once for its digest, and once more, and checked against it, when it is unpacked.
 *
 * @throws ServingError `invalid_argument` for names that an archive cannot have
 */
export async function listedContainer(
  files: readonly PackedFile[],
  about: Omit<Manifest, 'files'>,
): Promise<Container> {
  const listed: Manifest['files'] = []
  for (const file of files) listed.push(await manifestFileOf(file))
  const manifest: Manifest = { ...about, files: listed.sort((a, b) => (a.path < b.path ? -1 : 1)) }
  const content = { bytes: Buffer.from(JSON.stringify(manifest)) }
  const entries = [
    { path: MANIFEST_PATH, bytes: content.bytes.length },
    ...listed.map(({ path, bytes }) => ({ path, bytes })),
  ]
  checkEntries(entries)
  const all = new Map([{ path: MANIFEST_PATH, content }, ...files].map((file) => [file.path, file]))
  return {
    format: 'source',
    entries,
    read: async (isWanted, receive) => {
      for (const entry of entries.filter(isWanted)) {
        const file = all.get(entry.path)
        if (file !== undefined) await receive(entry, contentOf(file))
      }
    },
  }
}
