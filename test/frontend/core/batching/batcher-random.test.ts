import assert from 'node:assert/strict'
import type { BatchRequest } from '../../../../worker/contract/messages.ts'
import { batcherFixture, textOf } from '../../../support/batcher-fixture.ts'
import { echo, failure, type FakeBatch } from '../../../support/fake-worker-process.ts'
import { seededRandom } from '../../../support/random.ts'

const SEEDS = Array.from({ length: 40 }, (_, i) => i + 1)
const STEPS = 150

type Chance = { readonly weight: number; readonly act: () => void }

/**
 * A random day of one version: arrivals of all sizes, answers in any order, failing members, departing clients,
 * and every way for a worker process to end. Then everything is left to finish.
 */
async function randomDay(seed: number) {
  const random = seededRandom(seed)
  const pick = (count: number) => Math.floor(random() * count)
  const fixture = batcherFixture({
    threads: [1 + pick(2), 1 + pick(2)],
    limits: { maxBatchRows: 4, maxBatchDelayMs: pick(2) * 10, inferenceTimeoutMs: 1000 },
  })
  const { clock, workers, push } = fixture
  const clients: AbortController[] = []
  const batchesSeen = new Set<FakeBatch>()
  const rowsOf = new Map<string, number>()
  const runsOf = new Map<string, number>()

  function arrive(): void {
    const client = new AbortController()
    const id = `r${clients.length}`
    clients.push(client)
    rowsOf.set(id, 1 + pick(5))
    const deadlineMs = clock.nowMs() + 1 + pick(1000)
    push(id, {
      rows: rowsOf.get(id) ?? 1,
      bucket: 'ab'.charAt(pick(2)),
      deadlineMs,
      signal: client.signal,
    })
  }

  const replyTo = (request: BatchRequest) =>
    random() < 0.8
      ? echo(request)
      : failure('invalid_argument', 'bad', random() < 0.3 ? 'worker_died' : 'input')
  const anyOf = <T>(list: readonly T[]): T | undefined => list[pick(list.length)]

  const CHANCES: readonly Chance[] = [
    { weight: 10, act: arrive },
    { weight: 8, act: () => anyOf(workers.batches)?.answer(replyTo) },
    { weight: 3, act: () => anyOf(workers.alive)?.ready(1) },
    { weight: 1, act: () => anyOf(clients)?.abort() },
    { weight: 1, act: () => anyOf(workers.alive)?.exit() },
    { weight: 0.5, act: () => anyOf(workers.alive)?.kill('timeout', 'killed') },
    { weight: 0.3, act: () => anyOf(workers.alive)?.failToLoad() },
  ]
  const total = CHANCES.reduce((sum, { weight }) => sum + weight, 0)

  function actAtRandom(): void {
    let ticket = random() * total
    CHANCES.find(({ weight }) => (ticket -= weight) < 0)?.act()
  }

  function inspectBatches(): void {
    for (const batch of workers.batches.filter((each) => !batchesSeen.has(each))) {
      batchesSeen.add(batch)
      const rows = batch.requests.reduce((sum, { id }) => sum + (rowsOf.get(id) ?? 0), 0)
      assert.ok(batch.requests.length === 1 || rows <= 4, `a batch of ${rows} rows`)
      for (const { id } of batch.requests) {
        const runs = (runsOf.get(id) ?? 0) + 1
        runsOf.set(id, runs)
        assert.ok(runs <= 2, `${id} ran ${runs} times`)
        assert.ok(runs === 1 || batch.requests.length === 1, `${id} ran again, with others`)
      }
    }
    for (const { batches } of workers.processes) {
      const isRetried = (batch: FakeBatch) => batch.requests.some(({ id }) => runsOf.get(id) === 2)
      assert.ok(batches.length < 2 || !batches.some(isRetried), 'a request ran again beside others')
    }
  }

  for (let step = 0; step < STEPS; step++) {
    actAtRandom()
    await clock.advance(pick(4) * pick(15))
    inspectBatches()
  }
  // Nothing answers any more: deadlines, time-outs and restarts must end it all by themselves.
  await clock.advance(60_000)
  inspectBatches()
  return { ...fixture, pushed: clients.length }
}

describe('Batcher on random days', () => {
  for (const seed of SEEDS) {
    it(`settles every request exactly once and ends idle (seed ${seed})`, async () => {
      const { batcher, outcomes, pushed, workers } = await randomDay(seed)
      assert.equal(outcomes.size, pushed)
      assert.equal(batcher.queuedRequests, 0)
      assert.equal(batcher.queuedRows, 0)
      assert.equal(batcher.runningBatches, 0)
      assert.deepEqual(workers.batches, [])
      for (const [id, outcome] of outcomes) assert.ok(!outcome.ok || textOf(outcome) === id)
    })
  }

  it('sees enough to mean something', async () => {
    const kinds = new Set<string>()
    for (const seed of SEEDS.slice(0, 20)) {
      const { outcomes } = await randomDay(seed)
      for (const outcome of outcomes.values()) kinds.add(outcome.ok ? 'ok' : (outcome.error.reason ?? ''))
    }
    assert.deepEqual([...kinds].sort(), ['client_gone', 'input', 'ok', 'queue', 'worker', 'worker_crashed'])
  })
})
