import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cp, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { freePorts } from '../support/free-ports.ts'
import { removeDirectory, temporaryDirectory } from '../support/server-process.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const GUIDE = `${ROOT}docs/from-torchserve.md`
const FILES = 'docs/from-torchserve'
const DEFAULT_PORTS = [8080, 8081, 8082, 7070, 7071]
/** Of a probability, against PyTorch's. */
const TOLERANCE = 1e-5

const run = promisify(execFile)

/** The commands of a section of the guide, as a person would copy them. */
async function commandsOf(section: string): Promise<string> {
  const guide = await readFile(GUIDE, 'utf8')
  const [, rest] = guide.split(`## ${section}`)
  assert.ok(rest !== undefined, `the guide has no section '${section}'`)
  const body = rest.slice(0, rest.indexOf('\n## '))
  return [...body.matchAll(/```sh\n(.*?)```/gs)].map(([, commands = '']) => commands).join('\n')
}

describe('the guide for users of TorchServe', function () {
  this.timeout(120_000)
  let home: string
  let ports: readonly number[]

  /** A checkout as far as the guide needs one: what is built, and the guide's own files. */
  beforeEach(async () => {
    home = await temporaryDirectory()
    ports = await freePorts(DEFAULT_PORTS.length)
    await mkdir(join(home, 'docs'))
    await cp(join(ROOT, FILES), join(home, FILES), { recursive: true })
    await symlink(join(ROOT, 'dist'), join(home, 'dist'))
    const properties = join(home, FILES, 'config.properties')
    await writeFile(properties, onFreePorts(await readFile(properties, 'utf8')))
  })

  afterEach(async () => {
    await endServer()
    await removeDirectory(home)
  })

  /** One that a failed command has left behind. */
  async function endServer(): Promise<void> {
    const runFile = await readFile(join(home, FILES, 'model-store/.onnxserve/server.json'), 'utf8').catch(
      () => '',
    )
    const pid = /"pid": ?(\d+)/.exec(runFile)?.[1]
    if (pid !== undefined) process.kill(Number(pid), 'SIGKILL')
  }

  /** Other servers may listen on the ports of the guide; those started without a file get theirs by variables. */
  function onFreePorts(text: string): string {
    return DEFAULT_PORTS.reduce(
      (replaced, port, index) => replaced.replaceAll(new RegExp(`\\b${port}\\b`, 'g'), String(ports[index])),
      text,
    )
  }

  /** Types the sections one after the other into one shell; resolves with what each printed. */
  async function type(...sections: readonly string[]): Promise<string[]> {
    const scripts = await Promise.all(sections.map(commandsOf))
    const script = [
      'set -euo pipefail',
      ...scripts.flatMap((each) => ['echo; echo "§§§"', onFreePorts(each)]),
    ]
    const { stdout } = await run('bash', ['-c', script.join('\n')], {
      cwd: home,
      env: { ...process.env, ...addressVariables() },
    })
    return stdout.split('§§§\n').slice(1)
  }

  function addressVariables(): Record<string, string> {
    const [inference, management, metrics, grpcInference, grpcManagement] = ports
    return {
      ONNXSERVE_INFERENCE_ADDRESS: `http://127.0.0.1:${inference}`,
      ONNXSERVE_MANAGEMENT_ADDRESS: `http://127.0.0.1:${management}`,
      ONNXSERVE_METRICS_ADDRESS: `http://127.0.0.1:${metrics}`,
      ONNXSERVE_GRPC_INFERENCE_PORT: String(grpcInference),
      ONNXSERVE_GRPC_MANAGEMENT_PORT: String(grpcManagement),
    }
  }

  async function assertExpected(answer: string): Promise<void> {
    const expected = JSON.parse(await readFile(join(ROOT, FILES, 'expected.json'), 'utf8')) as Record<
      string,
      number
    >
    const found = JSON.parse(answer) as Record<string, number>
    assert.deepEqual(Object.keys(found), Object.keys(expected))
    for (const [name, probability] of Object.entries(expected)) {
      assert.ok(Math.abs((found[name] ?? NaN) - probability) < TOLERANCE, answer)
    }
  }

  it('moves a model: package, start, ask, register, scale, scrape, stop', async () => {
    const [, packed = '', , asked = '', managed = '', metrics = ''] = await type(
      '0. The two commands',
      '3. Package it',
      '4. Start',
      '5. Ask',
      '6. Register, scale, describe, unregister',
      '7. Scrape',
      '8. Stop',
    )
    assert.match(packed, /wine/)
    assert.match(asked, /"Healthy"/)
    await assertExpected(asked.slice(asked.indexOf('}') + 1))
    assert.match(managed, /version 2\.0 registered with 1 initial workers/)
    assert.match(managed, /Workers scaled to 2/)
    assert.match(managed, /Default version .*2\.0/i)
    assert.match(managed, /"modelVersion": "2\.0"/)
    assert.match(managed, /Model \\"wine\\" unregistered/)
    assert.match(metrics, /^ts_inference_requests_total\{model_name="wine",/m)
  })

  it('secures it', async () => {
    const [, , secured = ''] = await type('0. The two commands', '3. Package it', '9. Secure it')
    const [, unauthorized, answer = '', forbidden] =
      /^(\d{3})\n(\{.*?\})\s*(\d{3})\n/ms.exec(secured.slice(secured.search(/^\d{3}$/m))) ?? []
    assert.deepEqual([unauthorized, forbidden], ['401', '403'])
    await assertExpected(answer)
    assert.match(secured, /"modelName": "wine"/)
  })

  it('exports the model', async function () {
    const python = await run('python3', ['-c', 'import torch, onnx']).catch(() => undefined) // told below
    // Needs Python with torch and onnx, which the product itself does not.
    if (python === undefined) this.skip()
    await rm(join(home, FILES, 'wine.onnx'))
    const [, , packed = ''] = await type(
      '0. The two commands',
      '1. Export the model to ONNX',
      '3. Package it',
    )
    assert.match(packed, /measurements/)
  })
})
