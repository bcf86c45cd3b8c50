import assert from 'node:assert/strict'
import { ServiceTime } from '../../../frontend/core/service-time.ts'

type Batch = readonly [rows: number, ms: number]

function fitted(batches: readonly Batch[]): ServiceTime {
  const serviceTime = new ServiceTime()
  for (const [rows, ms] of batches) serviceTime.observe(rows, ms)
  return serviceTime
}

/** Batches of 1…16 rows, each exactly `fixedMs + perRowMs · rows`. */
function line(fixedMs: number, perRowMs: number, count: number): Batch[] {
  return Array.from({ length: count }, (_, i) => {
    const rows = 1 + ((i * 7) % 16)
    return [rows, fixedMs + perRowMs * rows]
  })
}

const CASES: readonly {
  readonly it: string
  readonly batches: readonly Batch[]
  readonly expected: readonly [fixedMs: number, perRowMs: number]
}[] = [
  { it: 'predicts 0 before the first batch', batches: [], expected: [0, 0] },
  { it: 'takes the whole time of one batch as fixed', batches: [[8, 40]], expected: [40, 0] },
  {
    it: 'takes the mean as fixed while all batches have one size',
    batches: [
      [4, 10],
      [4, 10],
    ],
    expected: [10, 0],
  },
  {
    it: 'recovers both parts from two sizes',
    batches: [
      [1, 5],
      [16, 20],
    ],
    expected: [4, 1],
  },
  { it: 'recovers both parts from exact data', batches: line(4, 1, 60), expected: [4, 1] },
  { it: 'recovers a cost without a fixed part', batches: line(0, 2.5, 60), expected: [0, 2.5] },
  { it: 'recovers a flat cost', batches: line(7, 0, 60), expected: [7, 0] },
  {
    it: 'takes a falling cost as flat',
    batches: [
      [1, 20],
      [16, 20],
      [1, 20],
      [16, 5],
    ],
    expected: [16.17, 0],
  },
  {
    it: 'never fits a negative fixed part',
    batches: [
      [8, 1],
      [16, 100],
    ],
    expected: [0, 4.22],
  },
]

describe('ServiceTime', () => {
  for (const { it: claim, batches, expected } of CASES) {
    it(claim, () => {
      const { fixedMs, perRowMs } = fitted(batches)
      assert.ok(Math.abs(fixedMs - expected[0]) < 0.01, `fixedMs is ${fixedMs}`)
      assert.ok(Math.abs(perRowMs - expected[1]) < 0.01, `perRowMs is ${perRowMs}`)
    })
  }

  it('predicts a size that it has not seen', () => {
    assert.ok(Math.abs(fitted(line(4, 1, 60)).predictMs(64) - 68) < 0.01)
  })

  it('has gone half of the way to a new cost after 50 batches', () => {
    const serviceTime = fitted(line(4, 1, 1000))
    const before = serviceTime.predictMs(8)
    for (const [rows, ms] of line(8, 2, 50)) serviceTime.observe(rows, ms)
    assert.ok(Math.abs(serviceTime.predictMs(8) - 1.5 * before) < 0.05 * before)
  })

  it('takes one batch that was held up for no cost of its rows', () => {
    const lone = Array.from({ length: 300 }, (): Batch => [1, 5])
    const serviceTime = fitted([...lone, [16, 5000], ...lone.slice(0, 100)])
    assert.ok(serviceTime.predictMs(16) < 51, `predicts ${serviceTime.predictMs(16)} ms`)
  })

  it('follows a cost after batches that took no time', () => {
    const none = Array.from({ length: 12 }, (): Batch => [1, 0])
    const some = Array.from({ length: 100 }, (): Batch => [1, 200])
    assert.ok(fitted([...none, ...some]).predictMs(1) > 100)
  })

  it('follows a cost that has become a hundred times as high', () => {
    const serviceTime = fitted([...line(4, 1, 60), ...line(400, 100, 200)])
    assert.ok(serviceTime.predictMs(8) > 0.8 * 1200, `predicts ${serviceTime.predictMs(8)} ms`)
  })

  it('has forgotten the old cost after 500 batches', () => {
    const serviceTime = fitted([...line(400, 100, 1000), ...line(4, 1, 500)])
    assert.ok(Math.abs(serviceTime.predictMs(8) - 12) < 2)
  })
})
