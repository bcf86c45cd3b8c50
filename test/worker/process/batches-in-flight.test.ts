import assert from 'node:assert/strict'
import { answersOf, bodyRequest } from '../../support/batch-requests.ts'
import { HostedWorker } from '../../support/hosted-worker.ts'
import { modelDirectory, type ModelDirectory } from '../../support/model-directory.ts'

/** Waits for another batch to arrive when the body says so; says how many batches it has seen begin. */
const HANDLER = `
let begun = 0
let arrived = () => {}
const another = new Promise((resolve) => (arrived = resolve))
export default {
  async handle(requests) {
    begun += 1
    if (begun === 2) arrived()
    const [body] = requests.map((request) => request.text())
    if (body === 'wait for another') await another
    if (body === 'exit') process.exit(3)
    if (body === 'never') await new Promise(() => {})
    return requests.map(() => String(begun))
  },
}`

describe('a worker thread with several batches in flight', function () {
  this.timeout(20_000)
  let directory: ModelDirectory | undefined
  let hosted: HostedWorker | undefined
  async function load(maxBatchesInFlight: number): Promise<HostedWorker> {
    directory = await modelDirectory(
      { 'handler.mjs': HANDLER },
      { handler: 'handler.mjs', maxBatchesInFlight },
    )
    hosted = new HostedWorker()
    hosted.load(directory.spec)
    await hosted.instances()
    return hosted
  }
  afterEach(async () => {
    await hosted?.kill()
    await directory?.remove()
    hosted = directory = undefined
  })

  it('overlaps the batches of a handler that waits', async () => {
    const worker = await load(2)
    const first = worker.run([bodyRequest('wait for another')])
    const second = worker.run([bodyRequest('b')])
    assert.deepEqual(answersOf(await second), ['2'])
    assert.deepEqual(answersOf(await first), ['2'])
  })

  it('keeps the batches of a handler apart that may have one', async () => {
    const worker = await load(1)
    const first = worker.run([bodyRequest('a')])
    const second = worker.run([bodyRequest('b')])
    assert.deepEqual([answersOf(await first), answersOf(await second)], [['1'], ['2']])
  })

  it('reports one death when several batches die with it', async () => {
    const worker = await load(2)
    const batches = [worker.run([bodyRequest('never')]), worker.run([bodyRequest('exit')])]
    for (const result of await Promise.all(batches)) {
      assert.match(String(answersOf(result)[0]), /^unavailable: the worker thread ended while it ran/)
    }
    await worker.instances(2)
    assert.equal(worker.deaths, 1)
    assert.deepEqual(answersOf(await worker.run([bodyRequest('a')])), ['1'])
  })
})
