import assert from 'node:assert/strict'
import { frameOf } from '../../../worker/contract/frame.ts'
import type { LoadSpec } from '../../../worker/contract/messages.ts'
import { answersOf, bodyRequest } from '../../support/batch-requests.ts'
import { HostedWorker } from '../../support/hosted-worker.ts'
import { modelDirectory, type ModelDirectory } from '../../support/model-directory.ts'
import { countingLoop, endlessLoop, identity, stringIdentity } from '../../support/models.ts'

/** Says in the log whom it prepares; ends the thread when the body says so. */
const STEPS = `
export default {
  preprocess(request, context) {
    const value = Number(request.text())
    context.logger.info('prepares ' + value)
    if (value < -1) throw new Error('too small')
    return { x: { dtype: 'FP32', shape: [1, 1], data: Float32Array.of(value) } }
  },
  postprocess({ y }) {
    if (y.data[0] === -1) process.exit(3)
    return String(y.data[0])
  },
}`

const WHOLE_BATCHES = `
export default {
  async handle(requests, context) {
    const data = Float32Array.from(requests, (request) => Number(request.text()))
    const { y } = await context.run({ x: { dtype: 'FP32', shape: [data.length, 1], data } })
    return [...y.data].map(String)
  },
}`

/** A few strings that are little here and much in the memory of another thread. */
const LARGE_STRINGS = `
const data = new Array(300).fill('x'.repeat(2 ** 20))
export default { preprocess: () => ({ x: { dtype: 'BYTES', shape: [300], data } }) }`

describe('a worker process whose session has a thread of its own', function () {
  this.timeout(30_000)
  let directory: ModelDirectory | undefined
  let hosted: HostedWorker | undefined
  afterEach(async () => {
    await hosted?.kill()
    await directory?.remove()
    hosted = directory = undefined
  })

  const load = async (model: Uint8Array, handler: string, changes: Partial<LoadSpec> = {}) => {
    const files = { 'model.onnx': model, 'handler.mjs': handler }
    directory = await modelDirectory(files, { handler: 'handler.mjs', overlapsRuns: true, ...changes })
    hosted = new HostedWorker()
    hosted.load(directory.spec)
    const [instance] = await hosted.instances()
    assert.ok(instance?.ok)
    return { worker: hosted, report: instance.value }
  }

  it('prepares a batch while the engine runs another', async () => {
    const { worker, report } = await load(endlessLoop('positive'), STEPS)
    assert.equal(report.overlapsRuns, true)
    worker.start([bodyRequest('1')])
    await worker.log(/prepares 1/)
    worker.start([bodyRequest('0')])
    await worker.log(/prepares 0/)
  })

  it('answers each request of overlapping batches', async () => {
    const { worker } = await load(countingLoop(1000n), STEPS)
    const batches = Array.from({ length: 20 }, (_, i) =>
      worker.run([bodyRequest(String(i + 1)), bodyRequest('-2'), bodyRequest('0.5')]),
    )
    for (const [index, result] of (await Promise.all(batches)).entries()) {
      const [first, second, third] = answersOf(result)
      assert.deepEqual([first, third], [String(index + 1001), '1000.5'])
      assert.match(String(second), /^internal: .* failed in preprocess/)
    }
  })

  it('keeps the session when a handler ends its thread', async () => {
    const { worker } = await load(identity('FP32', ['batch', 1]), STEPS)
    const [lost] = answersOf(await worker.run([bodyRequest('-1')]))
    assert.match(String(lost), /^unavailable: the worker thread ended while it ran/)
    await worker.instances(2)
    assert.deepEqual(answersOf(await worker.run([bodyRequest('4')])), ['4'])
    assert.equal(worker.child.exitCode, null)
  })

  it('answers what is in flight before it stops', async () => {
    const { worker } = await load(countingLoop(20_000n), STEPS)
    const ids = [worker.start([bodyRequest('1')]), worker.start([bodyRequest('2')])]
    worker.write(frameOf('stop', {}))
    const answers = await Promise.all(ids.map(async (id) => answersOf(await worker.resultOf(id))))
    assert.deepEqual(answers, [['20001'], ['20002']])
    assert.deepEqual(await worker.exited, { code: null, signal: 'SIGKILL' })
    assert.equal(worker.output, '')
  })

  it('ends, saying why, when the thread of the session does', async () => {
    const { worker } = await load(stringIdentity(), LARGE_STRINGS, {
      maxHeapMebibytes: 128,
      maxBatchRows: 300,
    })
    worker.start([bodyRequest('x')])
    const { message } = await worker.log(/thread that owns the session/)
    assert.match(message, /ended, and the process with it: Worker terminated due to reaching memory limit/)
    assert.deepEqual(await worker.exited, { code: null, signal: 'SIGKILL' })
  })

  it('reports a graph that cannot be opened', async () => {
    directory = await modelDirectory({ 'model.onnx': 'no graph' }, { overlapsRuns: true })
    hosted = new HostedWorker()
    hosted.load(directory.spec)
    const [instance] = await hosted.instances()
    assert.ok(instance?.ok === false)
    assert.equal(instance.error.code, 'invalid_argument')
    assert.match(instance.error.message, /the model could not be opened on cpu/)
  })

  const HANDLERS_OF_BATCHES = [
    { it: 'leaves a handler of whole batches its own session', changes: {}, overlapsRuns: undefined },
    {
      it: 'overlaps batches of such a handler if its model says so',
      changes: { maxBatchesInFlight: 2 },
      overlapsRuns: true,
    },
  ]
  for (const each of HANDLERS_OF_BATCHES) {
    it(each.it, async () => {
      const { worker, report } = await load(countingLoop(10n), WHOLE_BATCHES, each.changes)
      assert.equal(report.overlapsRuns, each.overlapsRuns)
      const results = await Promise.all([worker.run([bodyRequest('1')]), worker.run([bodyRequest('2')])])
      assert.deepEqual(results.map(answersOf), [['11'], ['12']])
    })
  }
})
