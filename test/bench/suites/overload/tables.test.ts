import assert from 'node:assert/strict'
import type { LoadResult, LoadWindow } from '../../../../bench/load/job.ts'
import { latenciesOf } from '../../../../bench/load/percentile.ts'
import { recoveryOf } from '../../../../bench/suites/overload/measure-recovery.ts'
import { backToNormalMs } from '../../../../bench/suites/overload/recovery.ts'
import type { Overload, OverloadPoint, Recovery } from '../../../../bench/suites/overload/results.ts'
import {
  overloadCharts,
  overloadRatios,
  overloadTables,
  overloadTargets,
} from '../../../../bench/suites/overload/tables.ts'

type Counts = {
  readonly accepted: number
  readonly acceptedMs: number
  readonly refused: number
  readonly refusedMs: number
}

/** In ten seconds. */
function loadOf({ accepted, acceptedMs, refused, refusedMs }: Counts): LoadResult {
  return {
    requests: accepted + refused,
    statuses: { 200: accepted, 503: refused },
    accepted: latenciesOf(Array.from({ length: accepted }, () => acceptedMs)),
    refused: latenciesOf(Array.from({ length: refused }, () => refusedMs)),
    broken: 0,
    unanswered: 0,
    elapsedMs: 10_000,
    sentLateP99Ms: 1,
    generatorCpuMs: 10,
  }
}

const point = (factor: number, counts: Counts, frontendCpuMs: number): OverloadPoint => ({
  factor,
  load: loadOf(counts),
  health: loadOf({ accepted: 200, acceptedMs: 4, refused: 0, refusedMs: 0 }),
  frontendCpuMs,
  loopDelay: { p99Ms: 1, p999Ms: 19, longestMs: 101, longestCpuMs: 90 },
  residentBytes: 165e6,
})

const window = (fromMs: number, p99Ms: number, refused = 0): LoadWindow => ({
  fromMs,
  accepted: latenciesOf([p99Ms]),
  refused,
})

const RECOVERY: Recovery = {
  windowMs: 250,
  before: [window(0, 90), window(250, 100), window(500, 110)],
  burst: [window(750, 400, 500)],
  after: [window(10, 300), window(260, 119, 1), window(510, 121), window(760, 120), window(1010, 500)],
}

/** Capacity 400/s at 100 µs each, so that a full batch of 16 takes 40 ms. */
const OVERLOAD: Overload = {
  capacity: { requestsPerSecond: 400, frontendCpuMicros: 100 },
  residentBytesBefore: 100e6,
  recovery: RECOVERY,
  refusals: { perSecond: 10_000, p50Ms: 3, p99Ms: 5, cpuMicros: 61 },
  points: [
    point(0.8, { accepted: 3200, acceptedMs: 50, refused: 0, refusedMs: 0 }, 320),
    point(1.2, { accepted: 3800, acceptedMs: 330, refused: 1000, refusedMs: 50 }, 400),
    point(10, { accepted: 3796, acceptedMs: 331, refused: 36_000, refusedMs: 51 }, 379.6 + 36 * 60),
  ],
}

describe('targets of overload', () => {
  it('hold goodput, both latencies, health, the loop, and the cost of a refusal to what is promised', () => {
    const lines = overloadTargets(OVERLOAD).map(({ name, isMet }) => `${name}: ${isMet}`)
    assert.deepEqual(lines, [
      '1.2 ×: goodput ÷ capacity: true',
      '1.2 ×: p99 of accepted: true',
      '1.2 ×: p99 of refusals: true',
      '1.2 ×: p99 of /ping: true',
      '10 ×: goodput ÷ capacity: false',
      '10 ×: p99 of accepted: false',
      '10 ×: p99 of refusals: false',
      '10 ×: p99 of /ping: true',
      '0.8 ×: event loop stood still, p99.9: true',
      '0.8 ×: event loop stood still, longest: false',
      '10 ×: frontend RSS beyond that before: false',
      'after 10 ×: p99 within 20 % of before: true',
      'full queue: frontend CPU per refusal: false',
    ])
  })
})

describe('back to normal', () => {
  it('is the end of the first window without refusals whose p99 is near that before', () => {
    assert.equal(backToNormalMs(RECOVERY), 1010)
  })

  it('has not come while every window is slower', () => {
    assert.ok(Number.isNaN(backToNormalMs({ ...RECOVERY, after: [window(0, 121)] })))
  })

  it('counts a window that the burst touches to the burst', () => {
    const windows = [0, 250, 500, 750, 1000].map((fromMs) => window(fromMs, 1))
    const { before, burst, after } = recoveryOf(windows, { fromMs: 300, untilMs: 700 })
    const starts = [before, burst, after].map((each) => each.map(({ fromMs }) => fromMs))
    assert.deepEqual(starts, [[0], [250, 500], [50, 300]])
  })
})

describe('tables of overload', () => {
  it('have a row for each load, and as many cells as columns', () => {
    const [loads] = overloadTables(OVERLOAD)
    assert.deepEqual(
      loads?.rows.map(([load]) => load),
      ['0.8 ×', '1.2 ×', '10 ×'],
    )
    for (const { columns, rows } of overloadTables(OVERLOAD)) {
      for (const row of rows) assert.equal(row.length, columns.length)
    }
  })

  it('tell the cost of a refusal only where refusals are many', () => {
    assert.deepEqual(
      Object.keys(overloadRatios(OVERLOAD)).filter((name) => name.includes('CPU')),
      ['10 ×: CPU of a refusal ÷ CPU of an answer', 'full queue: CPU of a refusal ÷ CPU of an answer'],
    )
    assert.equal(overloadRatios(OVERLOAD)['10 ×: CPU of a refusal ÷ CPU of an answer'], 0.6)
  })

  it('have a chart of the goodput, one of the latencies, and one of a burst', () => {
    const series = overloadCharts(OVERLOAD).map((chart) => chart.series.map(({ points }) => points.length))
    assert.deepEqual(series, [[3], [3, 3, 3], [3, 1, 5]])
  })
})
