import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { createArchive } from '../../archiver-cli/create-archive.ts'
import { openArchive } from '../../archiver-cli/format/archive-reader.ts'
import { http } from '../support/http-client.ts'
import { removeDirectory, ServerProcess, temporaryDirectory } from '../support/server-process.ts'

const MAIN = fileURLToPath(new URL('../../dist/frontend/main.js', import.meta.url))
const IRIS = fileURLToPath(new URL('../../examples/iris/', import.meta.url))
const QUICK = ['--seconds', '0.1', '--workers', '1', '--threads', '1', '--batch-rows', '1,4']

describe('onnxserve tune', function () {
  this.timeout(60_000)
  let directory: string
  let archive: string
  let samples: string

  beforeEach(async () => {
    directory = await temporaryDirectory()
    samples = join(directory, 'samples')
    await mkdir(samples)
    await copyFile(join(IRIS, 'request.json'), join(samples, 'request.json'))
    const { path } = await createArchive({
      modelName: 'iris',
      version: '1.0',
      serializedFile: join(IRIS, 'model.onnx'),
      handler: join(IRIS, 'handler.ts'),
      configFile: join(IRIS, 'model-config.yaml'),
      exportPath: directory,
    })
    archive = path
  })

  afterEach(() => removeDirectory(directory))

  const start = (...args: string[]): ChildProcess =>
    spawn(process.execPath, [MAIN, 'tune', archive, '--samples', samples, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, TMPDIR: directory },
    })

  async function tune(...args: string[]) {
    const child = start(...args)
    assert.ok(child.stdout !== null && child.stderr !== null)
    const [stdout, stderr, [exitCode]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'exit') as Promise<[number | null]>, // the event's documented arguments
    ])
    return { stdout, stderr, exitCode }
  }

  const digestOf = async () =>
    createHash('sha256')
      .update(await readFile(archive))
      .digest('hex')
  const leftovers = async () =>
    (await readdir(directory)).filter((name) => name.startsWith('onnxserve-tune-'))

  it('writes what is best into the archive, which a server then runs so', async () => {
    const json = join(directory, 'tuned.json')
    const { stdout, stderr, exitCode } = await tune(...QUICK, '--json', json)
    assert.equal(exitCode, 0, stderr)
    assert.match(stdout, /^cpu +1 +1 +4 +\d+/m)
    assert.match(stdout, /chosen for throughput: 1 worker × \d threads? on cpu/)
    const { settings } = JSON.parse(await readFile(json, 'utf8')) as { settings: Record<string, number> }
    const opened = await openArchive(archive)
    await opened.close()
    const before = await readFile(join(IRIS, 'model-config.yaml'), 'utf8')
    assert.deepEqual({ ...opened.config, ...settings }, opened.config, before)
    const server = await ServerProcess.start({ modelStore: directory, args: ['--load-models', 'iris.mar'] })
    try {
      const { text: body } = await http(`${server.management}/models/iris`)
      const [described] = JSON.parse(body) as [{ batchSize: number; minWorkers: number }]
      assert.deepEqual(
        [described.batchSize, described.minWorkers],
        [settings['maxBatchRows'], settings['minWorkers']],
      )
    } finally {
      await server.stop()
    }
    assert.deepEqual(await leftovers(), [])
  })

  it('writes another archive with --output, and leaves the old one', async () => {
    const before = await digestOf()
    const { exitCode, stderr } = await tune(...QUICK, '--output', join(directory, 'tuned.mar'))
    assert.equal(exitCode, 0, stderr)
    assert.equal(await digestOf(), before)
    const opened = await openArchive(join(directory, 'tuned.mar'))
    await opened.verify()
    await opened.close()
    assert.equal(opened.config.minWorkers, 1)
  })

  it('writes nothing with --dry-run', async () => {
    const before = await digestOf()
    const { exitCode, stdout } = await tune(...QUICK, '--dry-run')
    assert.equal(exitCode, 0)
    assert.match(stdout, /nothing was written/)
    assert.equal(await digestOf(), before)
  })

  it('names the sample that the model refuses, and why', async () => {
    await writeFile(join(samples, 'wrong.json'), '{"petals": 3}')
    const before = await digestOf()
    const { exitCode, stderr } = await tune(...QUICK)
    assert.equal(exitCode, 2)
    assert.match(stderr, /sample 'wrong\.json' was not answered: .*sepal/)
    assert.equal(await digestOf(), before)
  })

  it('says that nothing keeps a bound, and what could', async () => {
    const { exitCode, stderr } = await tune(...QUICK, '--objective', 'latency:0.001')
    assert.equal(exitCode, 1)
    assert.match(stderr, /no combination keeps 0\.001 ms; the shortest wait measured is \d/)
  })

  it('leaves the archive and no process behind when it is interrupted', async () => {
    const before = await digestOf()
    const child = start('--seconds', '30')
    assert.ok(child.stdout !== null)
    const ended = once(child, 'exit')
    await once(child.stdout, 'data')
    child.kill('SIGINT')
    const [exitCode] = (await ended) as [number | null] // the event's documented arguments
    assert.equal(exitCode, 130)
    assert.equal(await digestOf(), before)
    assert.deepEqual(await leftovers(), [])
  })
})
