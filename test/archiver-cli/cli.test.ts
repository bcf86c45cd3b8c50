import assert from 'node:assert/strict'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runCli } from '../../archiver-cli/cli.ts'
import { mlp } from '../support/models.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

describe('onnx-model-archiver', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>
  let model: string
  let store: string
  beforeEach(async () => {
    directory = await temporaryDirectory()
    model = join(directory.path, 'model.onnx')
    store = join(directory.path, 'store')
    await writeFile(model, mlp([4, 16, 3]))
  })
  afterEach(() => directory.remove())

  async function run(args: readonly string[], sourceDateEpoch?: string) {
    let [stdout, stderr] = ['', '']
    const code = await runCli(args, {
      stdout: (text) => (stdout += text),
      stderr: (text) => (stderr += text),
      sourceDateEpoch,
    })
    return { code, stdout, stderr }
  }

  const required = () => [
    '--model-name',
    'toy',
    '-v',
    '1.0',
    '--serialized-file',
    model,
    '--export-path',
    store,
  ]
  const unverified = () => [...required(), '--no-verify']

  it('packs with the options of torch-model-archiver', async () => {
    const { code, stdout, stderr } = await run(required())
    assert.deepEqual([code, stderr], [0, ''])
    assert.match(stdout, /store\/toy\.mar: toy 1\.0, handler tensor, 1 file, \d+ B, sha-256 [0-9a-f]{64}\n$/)
    assert.deepEqual(await readdir(store), ['toy.mar'])
  }).timeout(30_000)

  it('prints as JSON what it made', async () => {
    const { stdout } = await run([...unverified(), '--json'])
    const created = JSON.parse(stdout) as { path: string; manifest: { model: unknown } }
    assert.equal(created.path, join(store, 'toy.mar'))
    assert.deepEqual(created.manifest.model, {
      modelName: 'toy',
      modelVersion: '1.0',
      handler: 'tensor',
      serializedFile: 'model.onnx',
    })
  })

  it('takes the only runtime there is as said', async () => {
    assert.equal((await run([...unverified(), '--runtime', 'node'])).code, 0)
  })

  it('warns of a key that cannot apply, and packs it all the same', async () => {
    await writeFile(join(directory.path, 'c.yaml'), 'batchSize: 4\nparallelType: tp')
    const { code, stderr } = await run([...unverified(), '-c', join(directory.path, 'c.yaml')])
    assert.equal(code, 0)
    assert.match(stderr, /^warning: the model configuration has 'parallelType', which cannot apply: /)
    assert.deepEqual(await readdir(store), ['toy.mar'])
  })

  it('packs every option', async () => {
    await mkdir(join(directory.path, 'assets'))
    for (const name of ['a.txt', 'b.txt', 'assets/c.txt']) await writeFile(join(directory.path, name), name)
    await writeFile(join(directory.path, 'c.yaml'), 'maxBatchRows: 4')
    const extra = ['a.txt', 'b.txt', 'assets'].map((name) => join(directory.path, name)).join(',')
    const { code, stderr } = await run(
      [
        ...unverified(),
        '-f',
        '--handler',
        'image_classifier',
        '--extra-files',
        extra,
        '-c',
        join(directory.path, 'c.yaml'),
        '--archive-format',
        'tgz',
      ],
      '86400',
    )
    assert.deepEqual([code, stderr], [0, ''])
    const { stdout } = await run(['inspect', join(store, 'toy.tar.gz'), '--json'])
    const { manifest, config } = JSON.parse(stdout) as {
      manifest: { files: { path: string }[]; createdOn: string }
      config: unknown
    }
    assert.deepEqual(
      manifest.files.map(({ path }) => path),
      ['a.txt', 'b.txt', 'c.txt', 'model-config.yaml', 'model.onnx'],
    )
    assert.equal(manifest.createdOn, '02/01/1970 00:00:00')
    assert.deepEqual(config, { maxBatchRows: 4 })
  })

  it('shows what is inside an archive', async () => {
    await run(required())
    const { code, stdout } = await run(['inspect', join(store, 'toy.mar')])
    assert.equal(code, 0)
    for (const line of [
      /^model +toy 1\.0$/m,
      /^handler +tensor$/m,
      /^input +x FP32 \[batch,4\]$/m,
      /^output +y FP32/m,
      /^file +model\.onnx \(\d+ B\)$/m,
    ]) {
      assert.match(stdout, line)
    }
  }).timeout(30_000)

  it('says that inputs are unknown when the model was not opened', async () => {
    await run(unverified())
    const { stdout } = await run(['inspect', join(store, 'toy.mar')])
    assert.match(stdout, /^input +unknown: packed without opening the model$/m)
  })

  it('refuses to overwrite unless forced', async () => {
    await run(unverified())
    const { code, stdout, stderr } = await run(unverified())
    assert.deepEqual([code, stdout], [1, ''])
    assert.match(stderr, /^error: 'toy\.mar' exists already in .*; replace it with --force\n$/)
    assert.equal((await run([...unverified(), '--force'])).code, 0)
  })

  it('says on one line why an archive cannot be read', async () => {
    await writeFile(join(directory.path, 'x.mar'), 'garbage')
    const { code, stderr } = await run(['inspect', join(directory.path, 'x.mar')])
    assert.equal(code, 1)
    assert.match(stderr, /^error: archive 'x\.mar': is cut short or not a zip file.*\n$/)
  })

  const USAGE_ERRORS: readonly [args: readonly string[], message: RegExp][] = [
    [[], /required option '--model-name <name>' not specified/],
    [['--model-name', 'toy'], /required option '-v, --version <version>' not specified/],
    [['--model-nam', 'toy'], /unknown option '--model-nam'\n\(Did you mean --model-name\?\)/],
    [
      ['--archive-format', 'rar'],
      /'rar' is invalid\. Allowed choices are default, zip-store, tgz, no-archive/,
    ],
    [['toy'], /too many arguments/],
    [['inspect'], /missing required argument 'archive'/],
    [['--model-file', 'model.py'], /An ONNX file holds its own architecture/],
    [['--runtime', 'python3'], /Handlers run in Node\.js/],
    [['-r', 'requirements.txt'], /npm dependencies are bundled/],
  ]
  for (const [args, message] of USAGE_ERRORS) {
    it(`ends with 2 for a wrong command line: ${args.join(' ')}`, async () => {
      const { code, stdout, stderr } = await run(args)
      assert.deepEqual([code, stdout], [2, ''])
      assert.match(stderr, message)
    })
  }

  it('refuses a SOURCE_DATE_EPOCH that is no number', async () => {
    const { code, stderr } = await run(unverified(), 'yesterday')
    assert.equal(code, 2)
    assert.match(stderr, /SOURCE_DATE_EPOCH 'yesterday' must be seconds since 1970/)
  })

  for (const args of [['--help'], ['inspect', '--help']]) {
    it(`explains itself with ${args.join(' ')}`, async () => {
      const { code, stdout } = await run(args)
      assert.equal(code, 0)
      assert.match(stdout, /^Usage: onnx-model-archiver/)
    })
  }
})
