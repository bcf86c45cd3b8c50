import assert from 'node:assert/strict'
import { mkdir, readFile, readdir, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createArchive } from '../../archiver-cli/create-archive.ts'
import type { ArchiveOptions } from '../../archiver-cli/create-archive.ts'
import { ARCHIVE_FORMATS } from '../../archiver-cli/format/archive-writer.ts'
import { openArchive } from '../../archiver-cli/format/archive-reader.ts'
import { externalData, mlp } from '../support/models.ts'
import { buildModel } from '../support/onnx-builder.ts'
import { temporaryDirectory, treeOf } from '../support/temporary-directory.ts'

/** The engine starts in a process of its own. */
const PROBE_TIMEOUT_MS = 30_000

describe('createArchive', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>
  let source: string
  let store: string
  beforeEach(async () => {
    directory = await temporaryDirectory()
    source = join(directory.path, 'source')
    store = join(directory.path, 'store')
    await mkdir(source)
    await writeFile(join(source, 'model.onnx'), mlp([4, 16, 3]))
    await writeFile(join(source, 'labels.json'), '["a","b","c"]')
    await writeFile(join(source, 'config.yaml'), 'maxBatchRows: 4\nhandler:\n  topK: 1\n')
  })
  afterEach(() => directory.remove())

  function pack(options: Partial<ArchiveOptions> = {}): ReturnType<typeof createArchive> {
    return createArchive({
      modelName: 'toy',
      version: '1.0',
      serializedFile: join(source, 'model.onnx'),
      exportPath: store,
      verify: false,
      ...options,
    })
  }

  it('opens the model and records its inputs and outputs', async () => {
    const { manifest } = await pack({ verify: true })
    assert.deepEqual(manifest.inputs, [{ name: 'x', dtype: 'FP32', shape: ['batch', 4] }])
    assert.deepEqual(
      manifest.outputs?.map(({ name }) => name),
      ['y'],
    )
  }).timeout(PROBE_TIMEOUT_MS)

  it('leaves nothing when the engine cannot open the model', async () => {
    const unknown = buildModel({
      inputs: [],
      outputs: [],
      nodes: [{ op: 'NoSuchOperator', inputs: [], outputs: [] }],
    })
    await writeFile(join(source, 'model.onnx'), unknown)
    await assert.rejects(pack({ verify: true }), {
      code: 'invalid_argument',
      message: /model .* cannot be opened: .+/,
    })
    assert.deepEqual(await readdir(directory.path), ['source'])
  }).timeout(PROBE_TIMEOUT_MS)

  it('lays everything flat at the root with TorchServe fields in the manifest', async () => {
    const options = {
      handler: 'image_classifier',
      configFile: join(source, 'config.yaml'),
      extraFiles: [join(source, 'labels.json')],
    }
    const { manifest } = await pack(options)
    assert.deepEqual(
      manifest.files.map(({ path }) => path),
      ['labels.json', 'model-config.yaml', 'model.onnx'],
    )
    assert.deepEqual(manifest.model, {
      modelName: 'toy',
      modelVersion: '1.0',
      handler: 'image_classifier',
      serializedFile: 'model.onnx',
      configFile: 'model-config.yaml',
    })
    assert.equal(manifest.runtime, 'node')
    assert.equal(manifest.createdOn, '01/01/1980 00:00:00')
    assert.match(manifest.archiverVersion, /^\d+\.\d+\.\d+/)
  })

  it('says of the archive what a reader says', async () => {
    const created = await pack({ handler: 'image_classifier', configFile: join(source, 'config.yaml') })
    const archive = await openArchive(created.path)
    await archive.close()
    const { digest, bytes, manifest } = archive
    assert.deepEqual(
      { digest, bytes, manifest },
      { digest: created.digest, bytes: created.bytes, manifest: created.manifest },
    )
    assert.deepEqual(archive.config, { maxBatchRows: 4, handler: { topK: 1 } })
  })

  it('checks the settings of a built-in handler', async () => {
    await assert.rejects(pack({ configFile: join(source, 'config.yaml') }), {
      code: 'invalid_argument',
      message: /'tensor' has 'topK'; this handler has no settings/,
    })
  })

  for (const handler of ['base_handler', 'dali_image_classifier', 'vllm_handler', 'trt_llm_handler']) {
    it(`says what to do without TorchServe's ${handler}`, async () => {
      await assert.rejects(pack({ handler }), { code: 'invalid_argument', message: /TorchServe's: / })
    })
  }

  for (const archiveFormat of ARCHIVE_FORMATS) {
    it(`gives the same bytes for the same input: ${archiveFormat}`, async () => {
      await writeFile(join(source, 'handler.ts'), 'export default {}')
      const options = {
        archiveFormat,
        force: true,
        handler: join(source, 'handler.ts'),
        extraFiles: [join(source, '*.json')],
      }
      await pack(options)
      const first = await treeOf(store)
      await utimes(join(source, 'model.onnx'), 1_000_000_000, 1_000_000_000)
      await pack(options)
      assert.deepEqual(await treeOf(store), first)
    })
  }

  it('gives the same bytes wherever the input lies', async () => {
    await writeFile(
      join(source, 'handler.ts'),
      `import { tensor } from 'onnxserve/handler'\nexport default { tensor }`,
    )
    const first = await pack({ handler: join(source, 'handler.ts') })
    const elsewhere = join(directory.path, 'some', 'where', 'else')
    await mkdir(elsewhere, { recursive: true })
    for (const name of await readdir(source))
      await writeFile(join(elsewhere, name), await readFile(join(source, name)))
    source = elsewhere
    const second = await pack({ handler: join(elsewhere, 'handler.ts'), force: true })
    assert.equal(second.digest, first.digest)
  })

  it('takes the time of the manifest from the caller', async () => {
    const { manifest } = await pack({ createdOnSeconds: 1_700_000_000 })
    assert.equal(manifest.createdOn, '14/11/2023 22:13:20')
  })

  it('includes external data and opens the model with it', async () => {
    externalData(source)
    const { manifest } = await pack({ verify: true })
    assert.deepEqual(
      manifest.files.map(({ path }) => path),
      ['model.onnx', 'weights.bin'],
    )
  }).timeout(PROBE_TIMEOUT_MS)

  it('includes external data that is also given as an extra file, once', async () => {
    externalData(source)
    const { manifest } = await pack({ extraFiles: [join(source, 'weights.bin')] })
    assert.deepEqual(
      manifest.files.map(({ path }) => path),
      ['model.onnx', 'weights.bin'],
    )
  })

  const HOSTILE_LOCATIONS: readonly [location: string, message: RegExp][] = [
    ['../secret.bin', /keeps weights in '\.\.\/secret\.bin', which leaves/],
    ['/etc/passwd', /which has an absolute name/],
    ['gone.bin', /external data '.*gone\.bin' cannot be read/],
    ['link.bin', /'link\.bin', a link to outside its directory/],
    ['linked/secret.bin', /a link to outside its directory/],
    ['directory', /'directory', which is not a file/],
  ]
  for (const [location, message] of HOSTILE_LOCATIONS) {
    it(`refuses external data at ${location} before the engine opens it`, async () => {
      await writeFile(join(directory.path, 'secret.bin'), 'secret')
      await symlink(join(directory.path, 'secret.bin'), join(source, 'link.bin'))
      await symlink(directory.path, join(source, 'linked'))
      await mkdir(join(source, 'directory'))
      externalData(source, location)
      await assert.rejects(pack({ verify: true }), { code: 'invalid_argument', message })
      assert.ok(!(await readdir(directory.path)).includes('store'))
    })
  }

  const BAD_OPTIONS: readonly [it: string, options: Partial<ArchiveOptions>, message: RegExp][] = [
    ['a bad model name', { modelName: '../toy' }, /--model-name '\.\.\/toy' must start with/],
    ['a bad version', { version: 'v 1' }, /--version 'v 1' must start with/],
    ['a misspelt handler', { handler: 'image_clasifier' }, /did you mean 'image_classifier'\?/],
    [
      'an unknown handler',
      { handler: 'speech' },
      /no built-in handler 'speech'; Expected one of tensor, image_classifier/,
    ],
    ['a Python handler', { handler: 'handler.py:handle' }, /'handler\.py:handle' is Python/],
    [
      'a handler that is missing',
      { handler: 'no-such-handler.ts' },
      /--handler 'no-such-handler\.ts' cannot be read/,
    ],
    [
      'a model that is missing',
      { serializedFile: 'no-such-model.onnx' },
      /--serialized-file 'no-such-model\.onnx' cannot be read/,
    ],
    ['a model of another kind', { serializedFile: 'model.pt' }, /'model\.pt' must be an ONNX file/],
    [
      'extra files that are missing',
      { extraFiles: ['no-such-file'] },
      /--extra-files 'no-such-file' cannot be read/,
    ],
    [
      'a pattern without a match',
      { extraFiles: ['no-such-*'] },
      /--extra-files 'no-such-\*' matches no file/,
    ],
    [
      'a configuration that is missing',
      { configFile: 'no-such.yaml' },
      /--config-file 'no-such\.yaml' cannot be read/,
    ],
  ]
  for (const [what, options, message] of BAD_OPTIONS) {
    it(`refuses ${what} and writes nothing`, async () => {
      await assert.rejects(pack(options), { code: 'invalid_argument', message })
      assert.deepEqual(await readdir(directory.path), ['source'])
    })
  }

  it('refuses a model that is no ONNX file', async () => {
    await writeFile(join(source, 'model.onnx'), 'just some text in a file')
    await assert.rejects(pack(), { message: /--serialized-file '.*model\.onnx' is not a valid ONNX file/ })
  })

  it('refuses a configuration with an unknown key', async () => {
    await writeFile(join(source, 'config.yaml'), 'maxBatchRow: 4')
    await assert.rejects(pack({ configFile: join(source, 'config.yaml') }), {
      message: /did you mean 'maxBatchRows'\?/,
    })
  })

  it('refuses two files that would have one name', async () => {
    await mkdir(join(source, 'other'))
    await writeFile(join(source, 'other', 'Labels.json'), '[]')
    const extraFiles = [join(source, 'labels.json'), join(source, 'other')]
    await assert.rejects(pack({ extraFiles }), {
      message: /labels\.json' and '.*Labels\.json' would both be 'Labels\.json'/,
    })
  })

  it('refuses extra files inside the archive\u2019s own directory', async () => {
    await mkdir(join(source, 'more', 'mar-inf'), { recursive: true })
    await writeFile(join(source, 'more', 'mar-inf', 'x'), 'x')
    await assert.rejects(pack({ extraFiles: [join(source, 'more')] }), { message: /would lie in MAR-INF/ })
  })

  it('needs no model with a handler of one\u2019s own, but with a built-in one', async () => {
    await writeFile(join(source, 'handler.ts'), 'export default {}')
    const { serializedFile: _, ...options }: ArchiveOptions = {
      modelName: 'toy',
      version: '1',
      serializedFile: '',
      exportPath: store,
    }
    const { manifest } = await createArchive({ ...options, handler: join(source, 'handler.ts') })
    assert.equal(manifest.model.serializedFile, undefined)
    await rm(store, { recursive: true })
    await assert.rejects(createArchive(options), { message: /built-in handler 'tensor' needs a model/ })
  })
})
