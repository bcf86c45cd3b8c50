import type { LoadWindow } from '../../load/job.ts'
import { median } from '../../load/percentile.ts'
import type { Chart, ResultTable, Target } from '../suite.ts'
import { target } from '../target.ts'
import { BURST_FACTOR } from './measure-recovery.ts'
import type { Recovery } from './results.ts'

/** × the p99 of the time before. */
const NORMAL_FACTOR = 1.2
const MOST_MS = 2000

/** From the end of the burst to the end of the first window that is as those before it; NaN when none is. */
export function backToNormalMs({ before, after, windowMs }: Recovery): number {
  const limitMs = NORMAL_FACTOR * p99Of(before)
  const normal = after.find(({ accepted, refused }) => refused === 0 && accepted.p99Ms <= limitMs)
  return normal === undefined ? NaN : normal.fromMs + windowMs
}

/** Of a window: the median of several. */
function p99Of(windows: readonly LoadWindow[]): number {
  return median(windows.map(({ accepted }) => accepted.p99Ms))
}

export function recoveryTarget(recovery: Recovery): Target {
  return target({
    name: `after ${BURST_FACTOR} ×: p99 within 20 % of before`,
    measured: backToNormalMs(recovery),
    limit: MOST_MS,
    bound: 'most',
    unit: ' ms',
  })
}

export function recoveryTable(recovery: Recovery): ResultTable {
  const { before, burst, after, windowMs } = recovery
  const row = (when: string, windows: readonly LoadWindow[]) => [
    when,
    windows.reduce((sum, { accepted }) => sum + accepted.count, 0),
    windows.reduce((sum, { refused }) => sum + refused, 0),
    median(windows.map(({ accepted }) => accepted.p50Ms)),
    p99Of(windows),
  ]
  return {
    title: 'Back to normal after a burst',
    columns: ['when', 'accepted', 'refused', 'p50 ms', 'p99 ms'],
    rows: [
      row('before', before),
      row(`burst of ${BURST_FACTOR} ×`, burst),
      ...after.map((window) => row(`from ${Math.round(window.fromMs)} ms after it`, [window])),
    ],
    note: `Requests of a load of 0.8 ×, on which another process puts the burst, by when they were due; percentiles are those of ${windowMs} ms, and of several such windows the median. Back to normal: no refusal, and a p99 of at most ${NORMAL_FACTOR} × that before.`,
  }
}

export function recoveryChart({ before, burst, after, windowMs }: Recovery): Chart {
  const burstFromMs = -windowMs * burst.length
  const beforeFromMs = burstFromMs - windowMs * before.length
  const shifted = (windows: readonly LoadWindow[], fromMs: number) =>
    windows.map(({ accepted }, index) => [(fromMs + index * windowMs) / 1000, accepted.p99Ms] as const)
  return {
    title: 'p99 before, in and after a burst',
    kind: 'line',
    xLabel: 'seconds since the end of the burst',
    yLabel: 'p99, ms',
    series: [
      { name: 'before', points: shifted(before, beforeFromMs) },
      { name: 'burst', points: shifted(burst, burstFromMs) },
      { name: 'after', points: shifted(after, after[0]?.fromMs ?? 0) },
    ],
  }
}
