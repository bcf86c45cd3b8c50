import assert from 'node:assert/strict'
import {
  goodput,
  quantile,
  simulate,
  type Simulation,
  type Traffic,
} from '../../support/traffic-simulation.ts'

const SECONDS = 4
/** Clients wait no longer; they do not tell the server. */
const CLIENT_DEADLINE_MS = 250
const TARGET_WAIT_MS = 125

/** One worker, s(n) = 4 + n ms ± 15 %, at most 16 rows: 800 requests a second. */
const BATCHED: Simulation = {
  seed: 7,
  perSecond: 800,
  seconds: SECONDS,
  settings: { maxBatchRows: 16, targetWaitMs: TARGET_WAIT_MS },
  batchMs: (rows) => 4 + rows,
}
/** 10 ms each, one at a time: 100 a second, of which a hundred that wait are a second late. */
const UNBATCHED: Simulation = {
  ...BATCHED,
  perSecond: 100,
  settings: { maxBatchRows: 1, targetWaitMs: TARGET_WAIT_MS },
  batchMs: () => 10,
}
const TWO_WORKERS: Simulation = {
  ...BATCHED,
  perSecond: 1600,
  settings: { ...BATCHED.settings, minWorkers: 2, maxWorkers: 2 },
}

const MODELS: readonly { readonly name: string; readonly model: Simulation; readonly fullBatchMs: number }[] =
  [
    { name: 'batches of 16', model: BATCHED, fullBatchMs: 20 },
    { name: 'one request at a time', model: UNBATCHED, fullBatchMs: 10 },
    { name: 'batches of 16 on two workers', model: TWO_WORKERS, fullBatchMs: 20 },
  ]

const overloaded = (model: Simulation, factor: number): Simulation => ({
  ...model,
  perSecond: factor * model.perSecond,
})
const totals = ({ served }: Traffic) => served.map(({ totalMs }) => totalMs)
const waits = ({ served }: Traffic) => served.map(({ queueMs }) => queueMs)

describe('Batching and admission, simulated', function () {
  this.timeout(30_000)

  for (const { name, model, fullBatchMs } of MODELS) {
    for (const factor of [1.2, 3, 10]) {
      describe(`at ${factor} times the capacity, ${name}`, () => {
        let traffic: Traffic
        before(async () => {
          traffic = await simulate(overloaded(model, factor))
        })

        it('answers at least 95 % of the capacity in time', () => {
          const inTime = goodput(traffic, { seconds: SECONDS, withinMs: CLIENT_DEADLINE_MS })
          assert.ok(inTime >= 0.95 * model.perSecond, `${inTime} a second of ${model.perSecond}`)
        })

        it('answers 99 of 100 within the target wait and two batches', () => {
          const p99 = quantile(totals(traffic), 0.99)
          assert.ok(p99 <= TARGET_WAIT_MS + 2 * fullBatchMs, `p99 is ${p99} ms`)
        })

        it('refuses at once, and nobody whom it has admitted', () => {
          assert.ok(traffic.refused > 0)
          assert.ok(traffic.served.every(({ isOk }) => isOk))
          assert.equal(traffic.served.length + traffic.refused, traffic.offered)
        })
      })
    }
  }

  it('refuses nobody at 70 % of the capacity', async () => {
    const { refused } = await simulate(overloaded(BATCHED, 0.7))
    assert.equal(refused, 0)
  })

  it('recovers from a prediction that has become wrong, within a second', async () => {
    // Four times slower from the second second on.
    const batchMs = (rows: number, nowMs: number) => (4 + rows) * (nowMs > 2000 ? 4 : 1)
    const traffic = await simulate({ ...overloaded(BATCHED, 3), seconds: 6, batchMs })
    const late = traffic.served.filter(({ atMs }) => atMs > 3000).map(({ totalMs }) => totalMs)
    assert.ok(quantile(late, 0.99) <= TARGET_WAIT_MS + 2 * 80, `p99 is ${quantile(late, 0.99)} ms`)
    // Batches shrink, since a full one takes more than half of the target: of 200 a second some are given up for that.
    assert.ok(late.length / 3 >= 0.8 * 200, `${late.length / 3} a second of 200`)
  })

  it('adds no wait of its own to a lone request, though a delay is allowed', async () => {
    const settings = { ...BATCHED.settings, maxBatchDelayMs: 100 }
    const traffic = await simulate({ ...BATCHED, perSecond: 5, seconds: 60, settings })
    const alone = waits(traffic).filter((ms) => ms <= 1).length
    assert.ok(alone / traffic.served.length >= 0.95, `${alone} of ${traffic.served.length}`)
  })

  it('merges what comes together into few batches', async () => {
    const traffic = await simulate({ ...BATCHED, perSecond: 760 })
    const mean = traffic.served.length / traffic.batchSizes.length
    assert.ok(mean >= 6, `${mean} requests a batch`)
  })

  it('lets no shape starve another', async () => {
    const rare = 8
    const traffic = await simulate({
      ...overloaded(BATCHED, 3),
      lengthOf: (random) => (random() < 0.05 ? rare : 4),
    })
    const ofRare = traffic.served.filter(({ length }) => length === rare)
    assert.ok(ofRare.length > 20)
    const p99 = quantile(
      ofRare.map(({ queueMs }) => queueMs),
      0.99,
    )
    assert.ok(p99 <= TARGET_WAIT_MS + 2 * 20, `p99 of the rare shape is ${p99} ms`)
  })
})
