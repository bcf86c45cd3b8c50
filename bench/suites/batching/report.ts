import type { Chart, ResultTable } from '../suite.ts'
import { MODES, type LoadPoint, type Mode } from './measure-batching.ts'

const NAMES: Readonly<Record<Mode, string>> = { single: 'one row a run', batching: 'batching' }

export function tableOf(points: readonly LoadPoint[]): ResultTable {
  return {
    title: 'Latency and batches by offered load',
    columns: [
      'load',
      'offered/s',
      'model',
      'answered/s',
      'refused %',
      'p50 ms',
      'p99 ms',
      'rows a batch',
      'why batches closed, %',
    ],
    rows: points.map((point) => [
      point.load,
      Math.round(point.offeredPerSecond),
      NAMES[point.mode],
      Math.round(point.answeredPerSecond),
      Number((100 * point.refusedShare).toFixed(1)),
      Number(point.p50Ms.toFixed(2)),
      Number(point.p99Ms.toFixed(2)),
      Number(point.batchRows.toFixed(2)),
      sharesOf(point),
    ]),
    note: 'Latencies count from the time at which a request was due, and are those of requests that were answered.',
  }
}

/** `full 90, idle_worker 10`: the commonest first. */
function sharesOf({ closedBy }: LoadPoint): string {
  const total = Object.values(closedBy).reduce((sum, count) => sum + count, 0)
  return Object.entries(closedBy)
    .toSorted(([, left], [, right]) => right - left)
    .map(([reason, count]) => `${reason} ${Math.round((100 * count) / total)}`)
    .join(', ')
}

export function chartsOf(points: readonly LoadPoint[]): Chart[] {
  return [
    chart(points, 'Answered requests by offered load', {
      label: 'answered/s',
      of: (point) => point.answeredPerSecond,
    }),
    chart(points, 'p99 by offered load', { label: 'ms', of: (point) => point.p99Ms }),
    chart(points, 'Rows a batch by offered load', { label: 'rows', of: (point) => point.batchRows }),
  ]
}

type Quantity = { readonly label: string; readonly of: (point: LoadPoint) => number }

function chart(points: readonly LoadPoint[], title: string, { label, of }: Quantity): Chart {
  return {
    title,
    kind: 'line',
    xLabel: 'offered requests/s',
    yLabel: label,
    series: MODES.map((mode) => ({
      name: NAMES[mode],
      points: points
        .filter((point) => point.mode === mode)
        .map((point) => [Math.round(point.offeredPerSecond), of(point)] as const),
    })),
  }
}

/** At the highest load and the lowest: what batching gains, and what it costs. */
export function ratiosOf(points: readonly LoadPoint[]): Record<string, number> {
  const of = (mode: Mode, pick: (point: LoadPoint) => number, end: 0 | -1) => {
    const point = points.filter((each) => each.mode === mode).at(end)
    return point === undefined ? NaN : pick(point)
  }
  const ratio = (pick: (point: LoadPoint) => number, end: 0 | -1) =>
    of('batching', pick, end) / of('single', pick, end)
  return {
    'answered at the highest load, batching ÷ one row a run': ratio((point) => point.answeredPerSecond, -1),
    'p50 at the lowest load, batching ÷ one row a run': ratio((point) => point.p50Ms, 0),
  }
}
