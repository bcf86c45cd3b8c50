import { createDeflateRaw, deflateRawSync } from 'node:zlib'
import { RATIO_FREE_BYTES, exceedsRatio } from './container.ts'
import { verified } from './extract-file.ts'
import { MANIFEST_PATH } from './manifest.ts'
import type { Manifest, ManifestFile } from './manifest.ts'
import { contentOf, manifestFileOf } from './packed-file.ts'
import type { PackedFile } from './packed-file.ts'
import { through } from './through.ts'

const SAMPLE_BYTES = 2 * 1024 * 1024
/** Deflating and inflating cost seconds per gigabyte; they must save a tenth. */
const DENSE_RATIO = 0.9

/** A file on its way into an archive, and what the manifest says of it. */
export type PackedEntry = {
  readonly file: PackedFile
  readonly listed: ManifestFile
  readonly signal: AbortSignal | undefined
}

type Packing = {
  readonly manifest: Manifest
  readonly files: readonly PackedFile[]
  readonly signal?: AbortSignal | undefined
}

/** Everything that goes in: the manifest first, so that a reader of a stream knows it early; then by name. */
export async function packedEntries({ manifest, files, signal }: Packing): Promise<PackedEntry[]> {
  const text = `${JSON.stringify(manifest, null, 2)}\n`
  const manifestFile: PackedFile = { path: MANIFEST_PATH, content: { bytes: Buffer.from(text) } }
  const listed = new Map(manifest.files.map((file) => [file.path, file]))
  const entries = [{ file: manifestFile, listed: await manifestFileOf(manifestFile), signal }]
  for (const file of files.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    entries.push({ file, listed: listed.get(file.path) ?? (await manifestFileOf(file)), signal })
  }
  return entries
}

/** The content as it goes in: what its digest was taken of, or an error. */
export async function* packedContent({ file, listed, signal }: PackedEntry): AsyncGenerator<Uint8Array> {
  for await (const chunk of verified(listed, contentOf(file))) {
    signal?.throwIfAborted()
    yield chunk
  }
}

/** Entries that would deflate so well that a reader must take them for bombs; they may not be deflated. */
export async function tooCompressible(entries: readonly PackedEntry[]): Promise<PackedEntry[]> {
  const found: PackedEntry[] = []
  for (const entry of entries) if (await looksLikeBomb(entry)) found.push(entry)
  return found
}

/** Entries that deflating would hardly shrink, judged by their beginning: trained weights, mostly. */
export async function hardlyCompressible(entries: readonly PackedEntry[]): Promise<PackedEntry[]> {
  const found: PackedEntry[] = []
  for (const entry of entries) if (await isDense(entry)) found.push(entry)
  return found
}

/** Real weights are settled after their first hundredth. */
async function looksLikeBomb(entry: PackedEntry): Promise<boolean> {
  const { bytes } = entry.listed
  if (bytes <= RATIO_FREE_BYTES) return false
  let deflatedBytes = 0
  for await (const chunk of through(packedContent(entry), createDeflateRaw())) {
    deflatedBytes += chunk.length
    if (!exceedsRatio(bytes, deflatedBytes)) return false
  }
  return true
}

async function isDense(entry: PackedEntry): Promise<boolean> {
  let [bytes, deflatedBytes] = [0, 0]
  for await (const chunk of packedContent(entry)) {
    bytes += chunk.length
    deflatedBytes += deflateRawSync(chunk).length
    if (bytes >= SAMPLE_BYTES) return deflatedBytes > bytes * DENSE_RATIO
  }
  // A small file costs nothing to deflate.
  return false
}
