import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { ChildWorkerProcess } from '../../../frontend/core/workers/worker-process.ts'
import { answersOf, bodyRequest } from '../../support/batch-requests.ts'
import { gate } from '../../support/gate.ts'
import { HostedWorker } from '../../support/hosted-worker.ts'
import { modelDirectory, type ModelDirectory } from '../../support/model-directory.ts'
import { identity } from '../../support/models.ts'

/** In full: the process runs in the model's directory, where no package is found. */
const TSX = createRequire(import.meta.url).resolve('tsx')
const ENTRY = fileURLToPath(new URL('../../../worker/process/main.ts', import.meta.url))

/** Answers as the body says; counts its requests, so that a new thread starts at 1 again. */
const HANDLER = `
const tensor = { name: 'y', dtype: 'FP32', shape: [1], data: Float32Array.of(1) }
const unencodable = Object.assign([1], { toJSON() { throw new Error('no JSON') } })
let requests = 0
export default {
  preprocess: () => ({ x: { dtype: 'FP32', shape: [1, 2], data: new Float32Array(2) } }),
  postprocess(outputs, request) {
    requests++
    switch (request.text()) {
      case 'exit': return process.exit(3)
      case 'exit afterwards': setImmediate(() => process.exit(3)); break
      case 'undefined string': return [{ ...tensor, dtype: 'BYTES', data: [undefined] }]
      case 'big integer': return [{ ...tensor, shape: [1n] }]
      case 'no JSON': return [{ ...tensor, shape: unencodable }]
    }
    return String(requests)
  },
}`

describe('a worker thread', function () {
  this.timeout(20_000)
  let directory: ModelDirectory | undefined
  let end: (() => unknown) | undefined
  const load = async (threads: number) => {
    directory = await modelDirectory(
      { 'model.onnx': identity('FP32'), 'handler.mjs': HANDLER },
      { handler: 'handler.mjs', threads },
    )
    return directory.spec
  }
  afterEach(async () => {
    await end?.()
    await directory?.remove()
    end = directory = undefined
  })

  for (const body of ['undefined string', 'big integer', 'no JSON']) {
    it(`outlives the answer '${body}', which fails its own request`, async () => {
      const hosted = new HostedWorker()
      end = () => hosted.kill()
      hosted.load(await load(1))
      await hosted.instances()
      const answers = answersOf(await hosted.run(['first', body, 'third'].map((each) => bodyRequest(each))))
      assert.deepEqual([answers[0], answers[2]], ['1', '3'])
      assert.match(String(answers[1]), /^internal: the handler/)
      assert.deepEqual(answersOf(await hosted.run([bodyRequest('fourth')])), ['4'])
    })
  }

  for (const order of ['exit', 'exit afterwards']) {
    it(`is not ready from its '${order}' until it is replaced`, async () => {
      const spec = await load(2)
      const [loaded, died, replaced] = [gate(), gate(), gate()]
      const steps = [() => undefined, loaded.open, replaced.open]
      const ready: number[] = []
      const exited = gate()
      const command = {
        file: process.execPath,
        args: ['--import', TSX, ENTRY],
        env: { PATH: process.env['PATH'] ?? '' },
      }
      const child = new ChildWorkerProcess(command, spec, {
        listener: {
          onInstance: () => {
            ready.push(child.readyThreads)
            steps.shift()?.()
          },
          onThreadLost: () => undefined,
          onInstanceFailed: assert.fail,
          onLog: ({ message }) => {
            ready.push(child.readyThreads)
            assert.match(message, /a worker thread ended and is replaced/)
            died.open()
          },
          onMetrics: () => undefined,
          onExit: () => {
            exited.open()
          },
        },
      })
      end = async () => {
        child.kill('crash', 'the test is over')
        await exited.promise
      }
      await loaded.promise
      await child.run([bodyRequest(order)])
      await Promise.all([died.promise, replaced.promise])
      assert.deepEqual(ready, [1, 2, 1, 2])
    })
  }
})
