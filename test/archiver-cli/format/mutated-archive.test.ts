import assert from 'node:assert/strict'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { MANIFEST_PATH } from '../../../archiver-cli/format/manifest.ts'
import { HONEST_FILES, extractArchive, zipItems } from '../../support/archive-files.ts'
import { seededRandom } from '../../support/random.ts'
import { tarBytes } from '../../support/tar-bytes.ts'
import { temporaryDirectory, treeOf } from '../../support/temporary-directory.ts'
import { zipBytes } from '../../support/zip-bytes.ts'

const ROUNDS = 300

/** Overwrites, cuts, repeats or inserts bytes at one to four places. */
function mutate(honest: Buffer, random: () => number): Buffer {
  const below = (limit: number) => Math.floor(random() * limit)
  let bytes = Buffer.from(honest)
  for (let edits = 1 + below(4); edits > 0; edits--) {
    const at = below(bytes.length)
    const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)]
    const variants = [
      () => Buffer.concat([head, Buffer.of(below(256)), tail.subarray(1)]),
      () => Buffer.concat([head, tail.subarray(below(20))]),
      () => Buffer.concat([head, bytes.subarray(below(bytes.length))]),
      () => Buffer.concat([head, Buffer.alloc(4, 0xff), tail.subarray(4)]),
      () => Buffer.concat([head, Buffer.alloc(below(10)), tail]),
    ]
    bytes = variants[below(variants.length)]?.() ?? bytes
  }
  return bytes
}

describe('a damaged archive', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>
  beforeEach(async () => (directory = await temporaryDirectory()))
  afterEach(() => directory.remove())

  /** Every mutation is refused with our error, or extracts the same files; only the manifest may then differ. */
  async function survives(honest: Buffer, wrap: (bytes: Buffer) => Buffer): Promise<void> {
    const random = seededRandom(7)
    const files = await outcomeOf(wrap(honest))
    for (let round = 0; round < ROUNDS; round++) {
      const outcome = await outcomeOf(wrap(mutate(honest, random)))
      assert.deepEqual(outcome, outcome === 'archive' ? outcome : files, `round ${round}`)
    }
  }

  /** What was extracted, or the reason why nothing was. */
  async function outcomeOf(bytes: Buffer): Promise<unknown> {
    const path = join(directory.path, 'toy')
    const out = join(directory.path, 'out')
    await rm(out, { recursive: true, force: true })
    await writeFile(path, bytes)
    return extractArchive(path, out).then(
      async () => ({ ...(await treeOf(out)), [MANIFEST_PATH]: '' }),
      (error: unknown) => (error as { reason?: string }).reason, // a ServingError, or the comparison fails
    )
  }

  it('is refused or unharmed as a zip file', () =>
    survives(zipBytes(zipItems(HONEST_FILES)), (bytes) => bytes)).timeout(30_000)

  it('is refused or unharmed as a .tar.gz file', async () =>
    survives(await tarFile(), (bytes) => bytes)).timeout(30_000)

  it('is refused or unharmed as a tar file that is compressed afterwards', async () =>
    survives(gunzipSync(await tarFile()), (bytes) => gzipSync(bytes))).timeout(30_000)
})

function tarFile(): Promise<Buffer> {
  return tarBytes(
    zipItems(HONEST_FILES).map(({ name, content }) => ({ name: `toy/${String(name)}`, content })),
  )
}
