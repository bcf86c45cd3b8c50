import assert from 'node:assert/strict'
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
})
