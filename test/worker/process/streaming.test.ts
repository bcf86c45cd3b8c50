import assert from 'node:assert/strict'
import type { LoadSpec } from '../../../worker/contract/messages.ts'
import { answersOf, bodyRequest } from '../../support/batch-requests.ts'
import { HostedWorker } from '../../support/hosted-worker.ts'
import { modelDirectory, type ModelDirectory } from '../../support/model-directory.ts'

/** Does what the body of each request says, one request after the other. */
const HANDLER = `
const pause = () => new Promise(setImmediate)
const orders = {
  async 'until told'(request) {
    request.response.status = 202
    request.response.headers['x-a'] = '1'
    request.stream.write('first')
    const { signal } = request
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve))
    return request.stream.write('late') ? 'taken' : 'given up: ' + signal.reason.message
  },
  'without a pause'(request) {
    let count = 0
    while (request.stream.write('x'.repeat(1000))) count++
    return count > 0 ? 'given up' : 'nothing'
  },
  'many pieces'(request) {
    for (let i = 0; i < 500; i++) request.stream.write(String(i))
  },
  'much at once'(request) {
    for (let i = 0; i < 40; i++) request.stream.write(new Uint8Array(1024 * 1024).fill(97))
  },
  async 'ask the signal'(request) {
    request.stream.write('asking')
    const end = Date.now() + 10_000
    while (!request.signal.aborted) if (Date.now() > end) return 'not told'
    return 'told'
  },
  values(request) {
    request.stream.write({ token: 1 })
    request.stream.write(new Uint8Array([97]))
    return { token: 2n }
  },
  fail(request) {
    request.stream.write('one')
    throw new TypeError('a bug')
  },
  exit(request) {
    request.stream.write('one')
    process.exit(3)
  },
  tensors(request) {
    request.stream.write('one')
    return [{ name: 'y', dtype: 'FP32', shape: [1], data: new Float32Array(1) }]
  },
  async 'after the answer'(request) {
    setTimeout(() => console.log('taken: ' + request.stream.write('late')), 0)
    return 'answer'
  },
}
export default {
  async handle(requests) {
    const answers = []
    for (const request of requests) answers.push(await orders[request.text()](request))
    return answers
  },
}`

describe('a worker process that streams', function () {
  this.timeout(20_000)
  let directory: ModelDirectory | undefined
  let worker: HostedWorker | undefined
  afterEach(async () => {
    await worker?.kill()
    await directory?.remove()
    worker = directory = undefined
  })

  const start = async (spec: Partial<LoadSpec> = {}) => {
    directory = await modelDirectory({ 'handler.mjs': HANDLER }, { handler: 'handler.mjs', ...spec })
    worker = new HostedWorker()
    worker.load(directory.spec)
    await worker.instances(directory.spec.threads)
    return worker
  }

  it('sends a piece with the head of the answer while the batch runs, and ends it when nobody waits', async () => {
    const hosted = await start()
    const id = hosted.start([bodyRequest('values'), bodyRequest('until told')])
    assert.deepEqual(await hosted.pieces(3), ['0: {"token":1}\n', '0: a', '1: first'])
    assert.deepEqual(hosted.heads, [
      { contentType: 'application/x-ndjson' },
      {},
      { status: 202, headers: { 'x-a': '1' }, contentType: 'text/plain; charset=utf-8' },
    ])
    hosted.cancel(id, 1)
    assert.deepEqual(answersOf(await hosted.resultOf(id)), [
      '{"token":2}\n',
      'given up: nobody waits for the answer any more',
    ])
  })

  it('tells a handler that never yields, at its next piece', async () => {
    const hosted = await start()
    const id = hosted.start([bodyRequest('without a pause')])
    await hosted.pieces(1)
    hosted.cancel(id, 0)
    assert.deepEqual(answersOf(await hosted.resultOf(id)), ['given up'])
  })

  it('tells a handler that never yields, when it asks the signal', async () => {
    const hosted = await start()
    const id = hosted.start([bodyRequest('ask the signal')])
    await hosted.pieces(1)
    hosted.cancel(id, 0)
    assert.deepEqual(answersOf(await hosted.resultOf(id)), ['told'])
  })

  it('keeps a cancellation that arrives while its batch waits for the thread', async () => {
    const hosted = await start()
    const first = hosted.start([bodyRequest('without a pause')])
    await hosted.pieces(1)
    const second = hosted.start([bodyRequest('until told')])
    hosted.cancel(second, 0)
    hosted.cancel(first, 0)
    assert.deepEqual(answersOf(await hosted.resultOf(second)), [
      'given up: nobody waits for the answer any more',
    ])
  })

  it('tells only the thread and the member that are meant', async () => {
    const hosted = await start({ threads: 2 })
    const first = hosted.start([bodyRequest('until told')])
    const second = hosted.start([bodyRequest('until told')])
    await hosted.pieces(2)
    hosted.cancel(first, 1)
    hosted.cancel(second, 0)
    assert.match(String(answersOf(await hosted.resultOf(second))[0]), /^given up/)
    hosted.cancel(first, 0)
    assert.match(String(answersOf(await hosted.resultOf(first))[0]), /^given up/)
  })

  it('refuses a piece that is larger than an answer may be, before it leaves the thread', async () => {
    const hosted = await start({ maxResponseBytes: 1000 })
    const id = hosted.start([bodyRequest('much at once'), bodyRequest('many pieces')])
    const [refused, taken] = answersOf(await hosted.resultOf(id))
    assert.equal(
      refused,
      'internal: a piece of the answer has 1048576 bytes, the limit is 1000; write smaller pieces, or raise maxResponseBytes',
    )
    assert.equal(taken, '')
  })

  it('sends every piece before the result, in order', async () => {
    const hosted = await start()
    await hosted.run([bodyRequest('many pieces')])
    assert.deepEqual(
      await hosted.pieces(500),
      Array.from({ length: 500 }, (_, i) => `0: ${i}`),
    )
  })

  it('sends more than may be under way at once', async () => {
    const hosted = await start()
    await hosted.run([bodyRequest('much at once')])
    const pieces = await hosted.pieces(40)
    assert.deepEqual([pieces.length, new Set(pieces).size], [40, 1])
    assert.equal(pieces[0]?.length, '0: '.length + 1024 * 1024)
  })

  it('does not try a request again of whose answer a part is out', async () => {
    const hosted = await start()
    const answers = answersOf(await hosted.run([bodyRequest('fail'), bodyRequest('values')]))
    assert.match(String(answers[0]), /^internal: model 'm\/1\.0' failed in handle/)
    assert.equal(answers[1], '{"token":2}\n')
    assert.deepEqual(await hosted.pieces(3), ['0: one', '1: {"token":1}\n', '1: a'])
  })

  it('sends the pieces of a thread that dies before word of its death', async () => {
    const hosted = await start()
    const { replies } = await hosted.run([bodyRequest('exit')])
    assert.equal(replies[0]?.ok === false && replies[0].error.reason, 'worker_died')
    assert.deepEqual(await hosted.pieces(1), ['0: one'])
  })

  it('refuses tensors after a piece', async () => {
    const hosted = await start()
    assert.deepEqual(answersOf(await hosted.run([bodyRequest('tensors')])), [
      'internal: the handler streams tensors, which no protocol can send in pieces; write bytes, text or JSON values',
    ])
  })

  it('drops what is written after the answer', async () => {
    const hosted = await start()
    assert.deepEqual(answersOf(await hosted.run([bodyRequest('after the answer')])), ['answer'])
    await hosted.log(/taken: false/)
  })
})
