import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describeOnSoftwareVulkan, SOFTWARE_VULKAN_ENVIRONMENT } from '../support/software-vulkan.ts'

const MAIN = fileURLToPath(new URL('../../dist/frontend/main.js', import.meta.url))

type Ended = { readonly exitCode: number; readonly stdout: string; readonly stderr: string }

function onnxserve(args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const env = { PATH: process.env['PATH'], ...environment }
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [MAIN, ...args], { env }, (_, stdout, stderr) => {
      resolve({ exitCode: child.exitCode ?? -1, stdout, stderr })
    })
  })
}

describe('onnxserve doctor', function () {
  this.timeout(60_000)

  it('finds the CPU usable here, and says so in words', async () => {
    const { exitCode, stdout } = await onnxserve(['doctor', '--provider', 'cpu'])
    assert.equal(exitCode, 0, stdout)
    assert.match(stdout, /^ok +onnxruntime-node +1\.30\.0 in \/.*napi-v6/m)
    assert.match(stdout, /^ok +provider cpu +a session ran on device 0$/m)
    assert.match(stdout, /\nusable: what was asked for runs here\n$/)
  })

  it('fails where an adapter is asked for and there is none, with what to do, as JSON', async () => {
    const environment = { VK_DRIVER_FILES: '/nonexistent.json' }
    const { exitCode, stdout } = await onnxserve(['doctor', '--provider', 'webgpu', '--json'], environment)
    assert.equal(exitCode, 1)
    const { findings, isUsable } = JSON.parse(stdout) as {
      findings: { check: string; status: string; found: string; fix?: string }[]
      isUsable: boolean
    } // the doctor's answer
    assert.equal(isUsable, false)
    const provider = findings.find(({ check }) => check === 'provider webgpu')
    assert.equal(provider?.status, 'fail')
    assert.match(provider.fix ?? '', /Vulkan/)
    const drivers = findings.find(({ check }) => check === 'Vulkan drivers')
    assert.match(drivers?.found ?? '', /VK_DRIVER_FILES names \/nonexistent\.json, which is not there/)
  })

  it('refuses a provider that there is not', async () => {
    const { exitCode, stderr } = await onnxserve(['doctor', '--provider', 'rocm'])
    assert.equal(exitCode, 2)
    assert.match(stderr, /--provider has 'rocm'; expected names of tensorrt, cuda, webgpu, cpu/)
  })

  describeOnSoftwareVulkan('with a software Vulkan driver', () => {
    it('finds WebGPU usable, and warns of the driver by the library that it loaded', async () => {
      const args = ['doctor', '--provider', 'webgpu']
      const { exitCode, stdout } = await onnxserve(args, SOFTWARE_VULKAN_ENVIRONMENT)
      assert.equal(exitCode, 0, stdout)
      assert.match(
        stdout,
        /^warn +provider webgpu +a session ran, but on a software driver \(\/.*swiftshader.*\.so\)/m,
      )
    })
  })
})

describe('onnxserve install-gpu', function () {
  this.timeout(20_000)

  it('says what it needs', async () => {
    const { exitCode, stderr } = await onnxserve(['install-gpu'])
    assert.equal(exitCode, 2)
    assert.match(stderr, /--from is missing: .*Microsoft\.ML\.OnnxRuntime\.Gpu\.Linux\.1\.30\.0\.nupkg/)
  })
})
