import assert from 'node:assert/strict'
import type { LoadResult } from '../../../../bench/load/job.ts'
import { latenciesOf } from '../../../../bench/load/percentile.ts'
import type { Overload, OverloadPoint } from '../../../../bench/suites/overload/results.ts'
import {
  overloadCharts,
  overloadRatios,
  overloadTable,
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

/** Capacity 400/s at 100 µs each, so that a full batch of 16 takes 40 ms. */
const OVERLOAD: Overload = {
  capacity: { requestsPerSecond: 400, frontendCpuMicros: 100 },
  residentBytesBefore: 100e6,
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
      '10 ×: frontend CPU per refusal: true',
      '10 ×: frontend RSS beyond that before: false',
    ])
  })
})

describe('tables of overload', () => {
  it('have a row for each load, and as many cells as columns', () => {
    const { columns, rows } = overloadTable(OVERLOAD)
    assert.deepEqual(
      rows.map((row) => [row[0], row.length]),
      ['0.8 ×', '1.2 ×', '10 ×'].map((factor) => [factor, columns.length]),
    )
  })

  it('tell the cost of a refusal only where refusals are many', () => {
    assert.deepEqual(
      Object.keys(overloadRatios(OVERLOAD)).filter((name) => name.includes('CPU')),
      ['10 ×: CPU of a refusal ÷ CPU of an answer'],
    )
    assert.equal(overloadRatios(OVERLOAD)['10 ×: CPU of a refusal ÷ CPU of an answer'], 0.6)
  })

  it('have a chart of the goodput and one of the latencies', () => {
    const series = overloadCharts(OVERLOAD).map((chart) => chart.series.map(({ points }) => points.length))
    assert.deepEqual(series, [[3], [3, 3, 3]])
  })
})
