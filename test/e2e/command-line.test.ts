import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { packTestArchive } from '../support/archives.ts'
import { http } from '../support/http-client.ts'
import { mlp } from '../support/models.ts'
import { removeDirectory, temporaryDirectory } from '../support/server-process.ts'

const MAIN = fileURLToPath(new URL('../../dist/frontend/main.js', import.meta.url))
const ANY_PORTS = [
  ...['inference', 'management', 'metrics'].flatMap((name) => [`--${name}-address`, 'http://127.0.0.1:0']),
  ...['inference', 'management'].flatMap((name) => [`--grpc-${name}-port`, '0']),
]

type Outcome = { readonly exitCode: number | null; readonly output: string }

/** Runs the command to its end, in a directory. */
function onnxserve(directory: string, ...args: string[]): Promise<Outcome> {
  return run(MAIN, directory, ...args)
}

async function run(program: string, directory: string, ...args: string[]): Promise<Outcome> {
  const child = spawn(process.execPath, [program, ...args], {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [stdout, stderr, [exitCode]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit') as Promise<[number | null]>, // the event's documented arguments
  ])
  return { exitCode, output: stdout + stderr }
}

describe("TorchServe's command line", function () {
  this.timeout(60_000)
  let directory: string

  beforeEach(async () => {
    directory = await temporaryDirectory()
    await mkdir(join(directory, 'models'))
    await packTestArchive(join(directory, 'models'), { modelName: 'tiny', model: mlp([4, 16, 3], 1) })
  })

  afterEach(async () => {
    await onnxserve(directory, '--stop', '--model-store', 'models')
    await removeDirectory(directory)
  })

  const start = (...args: string[]) =>
    onnxserve(directory, '--start', '--model-store', 'models', ...ANY_PORTS, ...args)
  const statusOf = async (...args: string[]) => {
    const { exitCode, output } = await onnxserve(directory, 'status', '--model-store', 'models', ...args)
    assert.equal(exitCode, 0, output)
    return JSON.parse(output) as { pid: number; state: string; addresses: Record<string, string> }
  }

  it('starts in the background, says where it listens, and stops', async () => {
    const started = await start('--ncs', '--models', 'mine=tiny.mar', '--log-location', 'logs')
    assert.equal(started.exitCode, 0, started.output)
    assert.match(started.output, /^Model server started: process \d+, on http:.* \(inference\)/)
    const { state, addresses } = await statusOf()
    assert.equal(state, 'started')
    const answer = await http(`${addresses['inference']}/ready/mine`)
    assert.equal(answer.status, 200)
    const log = await readFile(join(directory, 'logs', 'onnxserve.log'), 'utf8')
    assert.match(log, /"msg":"Model server started"/)
    const stopped = await onnxserve(directory, '--stop', '--model-store', 'models')
    assert.match(stopped.output, /^the server with process id \d+ has ended$/m)
    assert.equal(stopped.exitCode, 0)
    const after = await onnxserve(directory, 'status', '--model-store', 'models')
    assert.deepEqual([after.exitCode, /no server runs on the state directory/.test(after.output)], [1, true])
  })

  it('runs several servers side by side, but not two on one state directory', async () => {
    assert.equal((await start()).exitCode, 0)
    const second = await start()
    assert.equal(second.exitCode, 1)
    assert.match(second.output, /state directory .* is in use by the server with process id/)
    const elsewhere = ['--state-dir', join(directory, 'second')]
    assert.equal((await start(...elsewhere)).exitCode, 0)
    assert.notEqual((await statusOf()).pid, (await statusOf(...elsewhere)).pid)
    assert.equal((await onnxserve(directory, 'stop', ...elsewhere)).exitCode, 0)
    assert.equal((await statusOf()).state, 'started')
  })

  it('answers to another name that a link gives it', async () => {
    const link = join(directory, 'torchserve')
    await symlink(MAIN, link)
    const { exitCode, output } = await run(link, directory, '--version')
    assert.deepEqual([exitCode, /^onnxserve \d/.test(output)], [0, true])
  })

  it('says why a start in the background has failed, with its exit code', async () => {
    await mkdir(join(directory, 'models/.onnxserve/registry'), { recursive: true })
    await writeFile(join(directory, 'models/.onnxserve/registry/registry-1.json'), '{"torn')
    const { exitCode, output } = await start()
    assert.equal(exitCode, 3)
    assert.match(
      output,
      /none of the registry snapshots .* is readable[^]*the server has not started; its log is/,
    )
  })

  it('signals no process but the one that locked the state directory', async () => {
    await mkdir(join(directory, 'models/.onnxserve'), { recursive: true })
    // This very process, as if its number had been a server's before.
    await writeFile(join(directory, 'models/.onnxserve/lock'), `${process.pid} 1`)
    const { exitCode, output } = await onnxserve(directory, '--stop', '--model-store', 'models')
    assert.equal(exitCode, 1)
    assert.match(output, /no server runs on the state directory .*; give the --model-store or --state-dir/)
  })

  const OUTCOMES = [
    { args: ['--version'], exitCode: 0, output: /^onnxserve \d+\.\d+\.\d+$/m },
    { args: ['version'], exitCode: 0, output: /^onnxserve \d+\.\d+\.\d+$/m },
    { args: ['--help'], exitCode: 0, output: /--start \[--foreground\]/ },
    { args: ['--start', '--stop'], exitCode: 2, output: /--start and --stop contradict each other/ },
    {
      args: ['--start', '--plugins-path', 'x'],
      exitCode: 2,
      output: /--plugins-path: 'plugins_path' names Java plugins/,
    },
    { args: ['--start', '--ts-config', 'missing'], exitCode: 2, output: /missing' cannot be read/ },
  ]
  for (const c of OUTCOMES) {
    it(`exits with ${c.exitCode} after ${c.args.join(' ')}`, async () => {
      const { exitCode, output } = await onnxserve(directory, ...c.args)
      assert.match(output, c.output)
      assert.equal(exitCode, c.exitCode)
    })
  }
})
