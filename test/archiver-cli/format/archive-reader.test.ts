import assert from 'node:assert/strict'
import { appendFile, mkdir, readdir, rename, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openArchive } from '../../../archiver-cli/format/archive-reader.ts'
import { checkEntries } from '../../../archiver-cli/format/container.ts'
import type { Manifest } from '../../../archiver-cli/format/manifest.ts'
import { HONEST_FILES, extractArchive, manifestOf, zipItems } from '../../support/archive-files.ts'
import { temporaryDirectory, treeOf } from '../../support/temporary-directory.ts'
import { zipBytes } from '../../support/zip-bytes.ts'

const CONFIG = Buffer.from('maxBatchRows: 8\n')

describe('openArchive', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>
  let path: string
  let out: string
  beforeEach(async () => {
    directory = await temporaryDirectory()
    path = join(directory.path, 'toy.mar')
    out = join(directory.path, 'out')
    await writeFile(path, zipBytes(zipItems(HONEST_FILES)))
  })
  afterEach(() => directory.remove())

  it('extracts read-only files into a private directory, which is an archive again', async () => {
    await extractArchive(path, out)
    assert.equal((await stat(out)).mode & 0o777, 0o700)
    assert.equal((await stat(join(out, 'model.onnx'))).mode & 0o777, 0o440)
    const again = await openArchive(out)
    await again.verify()
    await again.close()
    assert.equal(again.manifest.model.modelName, 'toy')
  })

  it('does not touch a directory that exists', async () => {
    await mkdir(out)
    await writeFile(join(out, 'mine'), 'mine')
    await assert.rejects(extractArchive(path, out), { code: 'EEXIST' })
    assert.deepEqual(await readdir(out), ['mine'])
  })

  it('reads the configuration that the manifest names', async () => {
    const files = { ...HONEST_FILES, 'model-config.yaml': CONFIG }
    const named = (manifest: Manifest) => ({
      ...manifest,
      model: { ...manifest.model, configFile: 'model-config.yaml' },
    })
    await writeFile(path, zipBytes(zipItems(files, manifestOf(files, named))))
    const archive = await openArchive(path)
    await archive.close()
    assert.deepEqual(archive.config, { maxBatchRows: 8 })
  })

  it('gives the size of all files and the digest of the archive', async () => {
    const archive = await openArchive(path)
    await archive.close()
    assert.equal(
      archive.bytes,
      Object.values(HONEST_FILES).reduce((sum, content) => sum + content.length, 0),
    )
    assert.match(archive.digest, /^[0-9a-f]{64}$/)
  })

  it('refuses to extract what was written to since it was opened', async () => {
    const archive = await openArchive(path)
    await appendFile(path, 'x')
    await utimes(path, 1, 1)
    await assert.rejects(archive.extractTo(out), {
      code: 'invalid_argument',
      message: /was written to while it was read/,
    })
    await archive.close()
    assert.deepEqual(await readdir(directory.path), ['toy.mar'])
  })

  it('extracts what was opened, though another file has taken its name', async () => {
    const archive = await openArchive(path)
    await writeFile(`${path}.new`, 'garbage')
    await rename(`${path}.new`, path)
    await archive.extractTo(out)
    await archive.close()
    assert.ok((await readdir(out)).includes('model.onnx'))
  })

  const BAD_PATHS: readonly [
    it: string,
    make: (path: string) => Promise<unknown>,
    code: string,
    message: RegExp,
  ][] = [
    ['a missing file', () => Promise.resolve(), 'not_found', /archive 'x\.mar' does not exist/],
    ['a symbolic link', (at) => symlink(path, at), 'invalid_argument', /archive 'x\.mar' is a symbolic link/],
    ['an empty directory', (at) => mkdir(at), 'invalid_argument', /has no MAR-INF\/MANIFEST\.json/],
    ['a device', (at) => symlink('/dev/null', at), 'invalid_argument', /is a symbolic link/],
  ]
  for (const [what, make, code, message] of BAD_PATHS) {
    it(`refuses ${what}`, async () => {
      await make(join(directory.path, 'x.mar'))
      await assert.rejects(openArchive(join(directory.path, 'x.mar')), { code, message, reason: 'archive' })
    })
  }

  it('refuses a device file', () =>
    assert.rejects(openArchive('/dev/null'), { message: /neither a file nor/ }))

  const BAD_MANIFESTS: readonly [it: string, change: (manifest: Manifest) => unknown, message: RegExp][] = [
    ['an unknown key', (m) => ({ ...m, extra: 1 }), /MANIFEST\.json has a bad/],
    [
      'a prototype',
      (m) => JSON.parse(JSON.stringify(m).replace('{', '{"__proto__":{"x":1},')) as unknown,
      /MANIFEST\.json has a bad/,
    ],
    [
      'a bad model name',
      (m) => ({ ...m, model: { ...m.model, modelName: '../x' } }),
      /bad 'model\.modelName'/,
    ],
    ['a Python runtime', (m) => ({ ...m, runtime: 'python3' }), /was made by torch-model-archiver; export/],
    ['no files', ({ files: _, ...m }) => m, /bad 'files'/],
    [
      'an unknown handler',
      (m) => ({ ...m, model: { ...m.model, handler: 'tensr' } }),
      /handler 'tensr' is neither in/,
    ],
    [
      'a model that is missing',
      (m) => ({ ...m, model: { ...m.model, serializedFile: 'm.onnx' } }),
      /names 'm\.onnx', which/,
    ],
    [
      'a model of another kind',
      (m) => ({ ...m, model: { ...m.model, serializedFile: 'labels.txt' } }),
      /does not end in \.onnx/,
    ],
    [
      'a configuration that is missing',
      (m) => ({ ...m, model: { ...m.model, configFile: 'c.yaml' } }),
      /names 'c\.yaml', which/,
    ],
  ]
  for (const [what, change, message] of BAD_MANIFESTS) {
    it(`refuses a manifest with ${what}`, async () => {
      await writeFile(path, zipBytes(zipItems(HONEST_FILES, manifestOf(HONEST_FILES, change))))
      await assert.rejects(openArchive(path), { code: 'invalid_argument', reason: 'archive', message })
    })
  }

  it('refuses a manifest that is no JSON', async () => {
    await writeFile(path, zipBytes(zipItems(HONEST_FILES, Buffer.from('{'))))
    await assert.rejects(openArchive(path), {
      message: "archive 'toy.mar': MAR-INF/MANIFEST.json is not valid JSON",
    })
  })

  it('lets no changed byte through: the archive is refused or its files are the same', async () => {
    await extractArchive(path, out)
    const honest = await treeOf(out)
    const bytes = zipBytes(zipItems(HONEST_FILES))
    for (let i = 0; i < bytes.length; i++) {
      const copy = Buffer.from(bytes)
      copy[i] = (copy[i] ?? 0) ^ (1 << (i % 8))
      await writeFile(path, copy)
      const target = join(directory.path, String(i))
      const outcome = await extractArchive(path, target).then(
        () => treeOf(target),
        (error: unknown) => (error as { reason?: string }).reason, // a ServingError, or the comparison fails
      )
      if (typeof outcome === 'string') assert.equal(outcome, 'archive', `byte ${i}`)
      else assert.deepEqual(outcome, honest, `byte ${i}`)
    }
  }).timeout(60_000)
})

describe('checkEntries', () => {
  it('allows 8 GiB in total and not a byte more', () => {
    const half = 4 * 1024 ** 3
    checkEntries([
      { path: 'a', bytes: half },
      { path: 'b', bytes: half },
    ])
    const tooMany = [
      { path: 'a', bytes: half },
      { path: 'b', bytes: half + 1 },
    ]
    assert.throws(() => checkEntries(tooMany), {
      code: 'invalid_argument',
      message: /allowed are 8589934592/,
    })
  })

  for (const bytes of [-1, Number.NaN, 0.5, 2 ** 60]) {
    it(`refuses a size of ${bytes}`, () =>
      assert.throws(() => checkEntries([{ path: 'a', bytes }]), /no valid size/))
  }
})
