import type { Latencies, LoadResult } from '../../load/job.ts'
import { median } from '../../load/percentile.ts'
import { acrossRounds } from '../../rounds.ts'
import type { ResultTable, Target } from '../suite.ts'
import { target } from '../target.ts'
import type { Neighbours } from './measure-neighbours.ts'
import type { Times } from './measure-times.ts'

const MOST_COLD_START_MS = 1000
const MOST_REPLACE_MS = 500
const MOST_P99_RATIO = 1.2

export function timesTable({ coldStartMs, loadMs, replaceMs }: Times): ResultTable {
  const row = (what: string, values: readonly number[]) => [
    ...[what, median(values), Math.min(...values), Math.max(...values)],
  ]
  return {
    title: 'Times',
    columns: ['what', 'median ms', 'least ms', 'most ms'],
    rows: [
      row('start of the process to the first prediction of digits', coldStartMs),
      row('registration of tiny with one worker', loadMs),
      row('SIGKILL of the worker process to the next prediction of digits', replaceMs),
    ],
  }
}

export function neighboursTable({ steady, swapping, loadingLarge, swaps, loads }: Neighbours): ResultTable {
  const row = (what: string, runs: readonly LoadResult[]) => {
    const of = (pick: (latencies: Latencies) => number) => runs.map(({ accepted }) => pick(accepted))
    return [
      ...[what, sum(of(({ count }) => count)), sum(runs.map(lostOf)), median(of(({ p50Ms }) => p50Ms))],
      ...[median(of(({ p99Ms }) => p99Ms)), Math.max(...of(({ maxMs }) => maxMs))],
    ]
  }
  return {
    title: 'Latency of one model while something happens beside it',
    columns: ['meanwhile', 'answered', 'lost', 'p50 ms', 'p99 ms', 'max ms'],
    rows: [
      row('nothing', steady),
      row(`${swaps} × its next version takes over`, [swapping]),
      row(`${loads} × a model of 200 MB is loaded and unloaded`, loadingLarge),
    ],
    note: 'Open loop, 200 requests per second at random times; a latency counts from the time its request was due. Percentiles are medians of the rounds.',
  }
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)

const lostOf = ({ refused, broken, unanswered }: LoadResult) => refused.count + broken + unanswered

/** Of a round in which the large model was loaded and one in which nothing happened. */
export function loadingP99Ratio({ steady, loadingLarge }: Neighbours): number {
  return acrossRounds(loadingLarge, steady, (busy, idle) => busy.accepted.p99Ms / idle.accepted.p99Ms)
}

export function lifecycleTargets(times: Times, neighbours: Neighbours): Target[] {
  return [
    most('cold start to the first prediction', median(times.coldStartMs), [MOST_COLD_START_MS, ' ms']),
    most('replace after a worker crash', median(times.replaceMs), [MOST_REPLACE_MS, ' ms']),
    most('requests lost in swaps', lostOf(neighbours.swapping), [0, '']),
    most('p99 while 200 MB load ÷ steady p99', loadingP99Ratio(neighbours), [MOST_P99_RATIO, ' ×']),
  ]
}

function most(name: string, measured: number, [limit, unit]: readonly [number, string]): Target {
  return target({ name, measured, limit, bound: 'most', unit })
}
