import assert from 'node:assert/strict'
import type { ResponsePiece } from '../../../worker/contract/messages.ts'
import { gate } from '../../support/gate.ts'
import { realVersion, type RealVersion } from '../../support/real-version.ts'

/** Adds up the numbers of each sequence, in memory; `kill` ends its process, `done` its sequence. */
const ACCUMULATOR = `
const sums = new Map()
export default {
  handle: (requests) => requests.map((request) => {
    const id = request.headers.ts_request_sequence_id
    const body = request.text()
    if (body === 'kill') process.kill(process.pid, 'SIGKILL')
    if (body === 'done') request.response.headers.ts_request_sequence_end = 'true'
    if (request.headers.ts_request_sequence_start === 'true') sums.set(id, 0)
    if (!sums.has(id)) throw new Error('a sequence that never started')
    sums.set(id, sums.get(id) + (Number(body) || 0))
    return String(sums.get(id))
  }),
}`

/** Answers after a moment; kills its process at the first request of its life that says so. */
const SLOW = `
import { existsSync, writeFileSync } from 'node:fs'
export default {
  async handle(requests) {
    const mark = new URL('killed', import.meta.url)
    await new Promise((resolve) => setTimeout(resolve, 20))
    if (requests.some((request) => request.text() === 'kill once') && !existsSync(mark)) {
      writeFileSync(mark, '')
      process.kill(process.pid, 'SIGKILL')
    }
    return requests.map((request) => request.text())
  },
}`

/** Counts down from the body's number, a piece per turn; says how many it counts for at a time, and keeps no one else. */
const TOKENS = `
const CONTINUED = Symbol.for('onnxserve.continued')
const continueWith = (piece) => ({ piece, [CONTINUED]: true })
export default {
  async handle(requests) {
    await new Promise((resolve) => setTimeout(resolve, 5))
    return requests.map((request) => {
      request.state ??= { left: Number(request.text()) }
      if (request.signal.aborted) return new Error('nobody listens')
      const { left } = request.state
      request.state.left -= 1
      if (Number.isNaN(left)) return Object.assign(new Error('no number'), { name: 'ServingError', code: 'invalid_argument' })
      if (left === 13) process.kill(process.pid, 'SIGKILL')
      return left > 0 ? continueWith(left + ' ') : 'end of ' + requests.length
    })
  },
}`

describe('a version over real worker processes', function () {
  this.timeout(30_000)
  let real: RealVersion | undefined
  afterEach(async () => {
    await real?.close()
    real = undefined
  })

  it('keeps the state of sequences apart, over several workers and shared batches', async () => {
    real = await realVersion(ACCUMULATOR, { minWorkers: 2, sequenceBatching: { maxSequences: 8 } })
    const { ask, version } = real
    assert.equal(version.workers?.processes, 2)
    const ids = ['a', 'b', 'c', 'd', 'e']
    for (let round = 1; round <= 5; round++) {
      const answers = await Promise.all(ids.map((sequence, i) => ask({ body: String(i + 1), sequence })))
      assert.deepEqual(
        answers.map(({ text }) => Number(text)),
        ids.map((_, i) => round * (i + 1)),
      )
    }
  })

  it('lets the handler end a sequence, whose id then starts at nothing', async () => {
    real = await realVersion(ACCUMULATOR, { sequenceBatching: {} })
    const { ask } = real
    const opened = await ask({ body: '5' })
    const sequence = opened.headers?.['ts_request_sequence_id'] ?? ''
    assert.match(sequence, /^ts-seq-/)
    assert.equal((await ask({ body: '2', sequence })).text, '7')
    assert.equal((await ask({ body: 'done', sequence })).text, '7')
    assert.equal((await ask({ body: '1', sequence })).text, '1')
  })

  it('never starts the state of a sequence anew when its worker died', async () => {
    real = await realVersion(ACCUMULATOR, { sequenceBatching: {} })
    const { ask } = real
    await ask({ body: '5', sequence: 's' })
    assert.equal((await ask({ body: 'kill', sequence: 's' })).text, 'unavailable sequence_lost')
    assert.equal((await ask({ body: '2', sequence: 's' })).text, 'unavailable sequence_lost')
    assert.equal((await ask({ body: '3', sequence: 'new' })).text, '3')
  })

  it('loses no request when a process dies with several batches in flight', async () => {
    real = await realVersion(SLOW, {
      maxBatchesInFlight: 2,
      maxBatchRows: 2,
      maxQueuedRequests: 100,
    })
    const { ask, version } = real
    const bodies = Array.from({ length: 12 }, (_, i) => (i === 3 ? 'kill once' : `r${i}`))
    const answers = await Promise.all(bodies.map((body) => ask({ body })))
    assert.deepEqual(
      answers.map(({ text }) => text),
      bodies,
    )
    assert.equal(version.restarts, 1)
  })

  describe('with continuous batching', () => {
    const streamed = (pieces: string[]) => ({
      onPiece: ({ bytes }: ResponsePiece) => pieces.push(Buffer.from(bytes).toString()),
    })

    it('gives a late joiner its first piece before an early one ends', async () => {
      real = await realVersion(TOKENS, { continuousBatching: true })
      const { ask } = real
      const [early, late]: [string[], string[]] = [[], []]
      const whenStarted = gate()
      const first = ask({
        body: '12',
        onPiece: ({ bytes }) => {
          early.push(Buffer.from(bytes).toString())
          whenStarted.open()
        },
      })
      await whenStarted.promise
      const second = ask({ body: '2', ...streamed(late) })
      assert.equal((await second).text, 'end of 2')
      assert.deepEqual(late, ['2 ', '1 '])
      assert.ok(early.length < 12, 'the early one has not ended')
      assert.equal((await first).text, 'end of 1')
      assert.equal(early.join(''), '12 11 10 9 8 7 6 5 4 3 2 1 ')
    })

    it('puts the pieces together for a caller that wants the answer whole', async () => {
      real = await realVersion(TOKENS, { continuousBatching: true })
      assert.equal((await real.ask({ body: '3' })).text, '3 2 1 end of 1')
    })

    it('fails a request alone, and forgets one whose client has gone', async () => {
      real = await realVersion(TOKENS, { continuousBatching: true })
      const { ask, version } = real
      const client = new AbortController()
      const whenStarted = gate()
      const gone = ask({ body: '1000000', signal: client.signal, onPiece: () => whenStarted.open() })
      await whenStarted.promise
      assert.equal((await ask({ body: 'x' })).text, 'invalid_argument')
      client.abort()
      assert.equal((await gone).text, 'cancelled client_gone')
      assert.equal((await ask({ body: '1' })).text, '1 end of 1')
      assert.equal(version.batcher.queuedRequests, 0)
    })

    it('ends what has streamed when the process dies, and tries the others again', async () => {
      real = await realVersion(TOKENS, { continuousBatching: true })
      const { ask } = real
      const whole = ask({ body: '6' })
      const broken = ask({ body: '14', ...streamed([]) })
      assert.equal((await broken).text, 'unavailable stream_broken')
      assert.equal((await whole).text, '6 5 4 3 2 1 end of 1')
    })
  })
})
