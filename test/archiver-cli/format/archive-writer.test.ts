import assert from 'node:assert/strict'
import { mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openArchive } from '../../../archiver-cli/format/archive-reader.ts'
import {
  ARCHIVE_FORMATS,
  archiveFileName,
  writeArchive,
} from '../../../archiver-cli/format/archive-writer.ts'
import type { ArchiveFormat } from '../../../archiver-cli/format/archive-writer.ts'
import { MANIFEST_PATH, parseManifest } from '../../../archiver-cli/format/manifest.ts'
import { HONEST_FILES, extractArchive, manifestOf } from '../../support/archive-files.ts'
import type { Files } from '../../support/archive-files.ts'
import { seededRandom } from '../../support/random.ts'
import { temporaryDirectory, treeOf } from '../../support/temporary-directory.ts'

describe('writeArchive', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>
  let store: string
  beforeEach(async () => {
    directory = await temporaryDirectory()
    store = join(directory.path, 'store')
  })
  afterEach(() => directory.remove())

  type Change = {
    readonly format?: ArchiveFormat
    readonly force?: boolean
    readonly listed?: Files
    readonly signal?: AbortSignal
  }

  /** Writes an archive of files; `listed` are those that the manifest describes instead. */
  async function write(
    files: Files,
    { format = 'default', force = false, listed = files, signal }: Change = {},
  ): Promise<string> {
    const target = join(store, archiveFileName('toy', format))
    const packed = Object.entries(files).map(([path, bytes]) => ({ path, content: { bytes } }))
    await writeArchive({
      target,
      format,
      force,
      files: packed,
      manifest: parseManifest(manifestOf(listed).toString()),
      signal,
    })
    return target
  }

  const NESTED = { ...HONEST_FILES, 'weights/größe 1.bin': Buffer.from('weights'), empty: Buffer.alloc(0) }

  for (const format of ARCHIVE_FORMATS) {
    it(`writes '${format}' so that it reads back as it was`, async () => {
      await extractArchive(await write(NESTED, { format }), join(directory.path, 'out'))
      const {
        [MANIFEST_PATH]: _,
        'MAR-INF/': __,
        'weights/': ___,
        ...files
      } = await treeOf(join(directory.path, 'out'))
      const expected = Object.entries(NESTED).map(([path, bytes]) => [
        path,
        Buffer.from(bytes).toString('hex'),
      ])
      assert.deepEqual(files, Object.fromEntries(expected))
    })

    it(`leaves nothing but the archive beside '${format}'`, async () => {
      await write(HONEST_FILES, { format })
      assert.deepEqual(await readdir(store), [archiveFileName('toy', format)])
    })

    it(`refuses to replace '${format}' unless forced`, async () => {
      await write(HONEST_FILES, { format })
      const before = await treeOf(store)
      await assert.rejects(write(NESTED, { format }), { code: 'already_exists', message: /--force/ })
      assert.deepEqual(await treeOf(store), before)
      await write(NESTED, { format, force: true })
      assert.notDeepEqual(await treeOf(store), before)
    })

    it(`leaves the old '${format}' alone when a file changes while it is packed`, async () => {
      await write(HONEST_FILES, { format })
      const before = await treeOf(store)
      const listed = { ...HONEST_FILES, 'labels.txt': Buffer.from('another text of the sam size') }
      await assert.rejects(write(HONEST_FILES, { format, force: true, listed }), {
        message: /'labels\.txt' differs/,
      })
      assert.deepEqual(await treeOf(store), before)
    })

    it(`leaves nothing of '${format}' when it is stopped`, async () => {
      const files = { ...HONEST_FILES, 'large.bin': Buffer.alloc(3 * 1024 * 1024) }
      const signal = AbortSignal.abort(new Error('stopped'))
      await assert.rejects(write(files, { format, signal }), { message: 'stopped' })
      assert.deepEqual(await readdir(store), [])
    })

    it(`writes '${format}' of weights that compress too well to be believed`, async () => {
      const zeros = {
        'model.onnx': HONEST_FILES['model.onnx'] ?? Buffer.alloc(0),
        'zeros.bin': Buffer.alloc(3 * 1024 * 1024),
      }
      const archive = await openArchive(await write(zeros, { format }))
      await archive.verify()
      await archive.close()
    })
  }

  it('gives the same bytes for the same files in any order', async () => {
    const first = await readFile(await write(NESTED))
    const reversed = Object.fromEntries(Object.entries(NESTED).reverse())
    const second = await readFile(await write(reversed, { force: true, listed: NESTED }))
    assert.ok(first.equals(second))
  })

  it('compresses by default and not with zip-store', async () => {
    const files = { ...HONEST_FILES, 'text.txt': Buffer.alloc(100_000, 'a text that repeats ') }
    const bytesOf = async (format: ArchiveFormat) =>
      (await stat(await write(files, { format, force: true }))).size
    assert.ok((await bytesOf('default')) < 5000)
    assert.ok((await bytesOf('zip-store')) > 100_000)
  })

  it('does not deflate weights that would not shrink', async () => {
    const random = seededRandom(1)
    const weights = Buffer.from(Uint8Array.from({ length: 3_000_000 }, () => random() * 256))
    const target = await write({ ...HONEST_FILES, 'weights.bin': weights })
    assert.ok((await readFile(target)).includes(weights))
  })

  it('never replaces a directory that is no archive, forced or not', async () => {
    await mkdir(join(store, 'toy'), { recursive: true })
    await writeFile(join(store, 'toy', 'precious.txt'), 'mine')
    await assert.rejects(write(HONEST_FILES, { format: 'no-archive', force: true }), {
      code: 'failed_precondition',
      message: /'toy' in .* is not an archive/,
    })
    assert.deepEqual(await readdir(join(store, 'toy')), ['precious.txt'])
  })

  it('never replaces a directory by a file', async () => {
    await mkdir(join(store, 'toy.mar'), { recursive: true })
    await assert.rejects(write(HONEST_FILES, { force: true }), { code: 'failed_precondition' })
  })

  it('leaves nothing when a source file cannot be read', async () => {
    const target = join(store, 'toy.mar')
    const files = [{ path: 'model.onnx', content: { file: join(directory.path, 'gone.onnx') } }]
    const manifest = parseManifest(
      manifestOf({ 'model.onnx': HONEST_FILES['model.onnx'] ?? Buffer.alloc(0) }).toString(),
    )
    await assert.rejects(writeArchive({ target, format: 'tgz', force: false, files, manifest }), {
      code: 'ENOENT',
    })
    assert.deepEqual(await readdir(store), [])
  })
})
