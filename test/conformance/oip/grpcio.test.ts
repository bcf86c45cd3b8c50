import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { packTestArchive } from '../../support/archives.ts'
import { twoInputAdd } from '../../support/models.ts'
import { removeDirectory, ServerProcess, temporaryDirectory } from '../../support/server-process.ts'

const PYTHON = process.env['PYTHON'] ?? 'python3'
const CLIENT = fileURLToPath(new URL('grpcio/client.py', import.meta.url))
const PROTOS = fileURLToPath(new URL('../../../proto', import.meta.url))

function hasGrpcTools(): boolean {
  try {
    execFileSync(PYTHON, ['-c', 'import grpc, grpc_tools'], { stdio: 'ignore', timeout: 20_000 })
    return true
  } catch {
    return false // no Python, or none of its packages
  }
}

const PENDING = 'pending without: pip install grpcio-tools, or PYTHON that names a Python which has it'

describe(`a client that grpcio-tools makes from proto/ (${PENDING})`, function () {
  this.timeout(90_000)
  let modelStore: string | undefined
  let server: ServerProcess | undefined

  before(async function () {
    if (!hasGrpcTools()) this.skip()
    modelStore = await temporaryDirectory()
    await packTestArchive(modelStore, { modelName: 'add', model: twoInputAdd() })
    const args = ['--load-models', 'add.mar', '--triton-ports', 'true', '--metrics-aliases', 'triton']
    const ports = ['http', 'grpc', 'metrics'].flatMap((each) => [`--triton-${each}-port`, '0'])
    server = await ServerProcess.start({ modelStore, args: [...args, ...ports] })
  })

  after(async () => {
    await server?.stop()
    if (modelStore !== undefined) await removeDirectory(modelStore)
  })

  it('completes inference, streams, metadata and health, on the port where Triton listens', async () => {
    const output = server?.output ?? ''
    const [, target = ''] = /(\S+) \(Triton's gRPC\)/.exec(output) ?? []
    const { stdout } = await promisify(execFile)(PYTHON, [CLIENT, PROTOS, target], { timeout: 60_000 })
    assert.deepEqual(stdout.trim().split('\n'), [
      'health',
      'live',
      'ready',
      'metadata',
      'infer',
      'typed contents',
      'stream',
      'unknown model',
      'configuration',
      'statistics',
    ])
    const [, metrics = ''] = /(\S+) \(Triton's metrics\)/.exec(output) ?? []
    const text = await (await fetch(`${metrics}/metrics`)).text()
    assert.match(text, /nv_inference_request_success\{model="add",version="1.0"\} 4/)
  })
})
