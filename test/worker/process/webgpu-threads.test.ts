import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { modelDirectory, type ModelDirectory } from '../../support/model-directory.ts'
import { mlp } from '../../support/models.ts'
import { describeOnSoftwareVulkan, SOFTWARE_VULKAN_ENVIRONMENT } from '../../support/software-vulkan.ts'

const PROGRAM = fileURLToPath(new URL('../../support/programs/webgpu-threads.mjs', import.meta.url))
const ALL_RAN = 'all ran'
/** It has crashed each time so far; a race may spare one. */
const TRIES = 4
const FIXED = `two threads ran on WebGPU at the same time, ${TRIES} times: this runtime no longer crashes. Let planWorkers in frontend/core/workers/worker-plan.ts put WebGPU workers into one process, and keep this test the other way round`

/*
 * Why a worker process on WebGPU has one thread: with onnxruntime-node 1.30.0, two that run at the same time crash it.
 * No issue of github.com/microsoft/onnxruntime names it yet.
 */
describeOnSoftwareVulkan('threads on WebGPU in one process', function () {
  this.timeout(120_000)
  let directory: ModelDirectory | undefined
  before(async () => {
    directory = await modelDirectory({ 'model.onnx': mlp([784, 64, 10]) })
  })
  after(() => directory?.remove())

  const run = (threads: number) =>
    new Promise<string>((resolve) => {
      const model = join(directory?.spec.modelDir ?? '', 'model.onnx')
      const env = { ...process.env, ...SOFTWARE_VULKAN_ENVIRONMENT, ORT_DISABLE_TELEMETRY: '1' }
      const options = { env, timeout: 60_000, killSignal: 'SIGKILL' } as const
      execFile(process.execPath, [PROGRAM, model, String(threads)], options, (_, stdout) => {
        resolve(stdout)
      })
    })

  /** Whether all of them ran, at every try until they do not. */
  const alwaysRun = async (threads: number, tries: number) => {
    for (let i = 0; i < tries; i++) if ((await run(threads)) !== ALL_RAN) return false
    return true
  }

  it('run when there is one', async () => {
    assert.equal(await run(1), ALL_RAN)
  })

  it('crash the process when two run at the same time', async () => {
    assert.equal(await alwaysRun(2, TRIES), false, FIXED)
  })
})
