import type { Chart, ResultTable, Target } from '../suite.ts'
import { target } from '../target.ts'
import { MAX_BATCH_ROWS, TARGET_WAIT_MS } from './model.ts'
import { recoveryChart, recoveryTable, recoveryTarget } from './recovery.ts'
import { refusalsTable, refusalsTarget } from './refusals.ts'
import type { Capacity, Overload, OverloadPoint } from './results.ts'

const LEAST_GOODPUT = 0.95
const MOST_REFUSAL_MS = 50
const MOST_HEALTH_MS = 50
const MOST_ADDED_MEGABYTES = 64
const MOST_LOOP_P999_MS = 20
const MOST_LOOP_MS = 100

const NOTE =
  'Open loop: requests arrive at random times that do not depend on the answers, and every latency counts from the ' +
  'time the request was due. Goodput is accepted requests per second ÷ capacity. CPU per refusal is the processor ' +
  'time of the frontend less what as many accepted requests take at capacity, ÷ refusals. The generator sent 99 % of ' +
  'the requests within the time of the last column after they were due.'

const goodput = ({ load }: OverloadPoint, { requestsPerSecond }: Capacity) =>
  (load.accepted.count * 1000) / load.elapsedMs / requestsPerSecond

/** What a full batch takes, as the capacity shows it. */
const batchMs = ({ requestsPerSecond }: Capacity) => (MAX_BATCH_ROWS * 1000) / requestsPerSecond

/** Where refusals are the fewer, what is left for them is within the noise of the rest. */
function refusalCpuMicros({ load, frontendCpuMs }: OverloadPoint, { frontendCpuMicros }: Capacity): number {
  const spentMicros = 1000 * frontendCpuMs - load.accepted.count * frontendCpuMicros
  return load.refused.count < load.accepted.count ? NaN : spentMicros / load.refused.count
}

export function overloadTables(overload: Overload): ResultTable[] {
  return [loadsTable(overload), recoveryTable(overload.recovery), refusalsTable(overload.refusals)]
}

function loadsTable({ capacity, points }: Overload): ResultTable {
  return {
    title: `Beyond ${Math.round(capacity.requestsPerSecond)} requests per second`,
    columns: [
      ...['offered', 'goodput', 'accepted p50 ms', 'accepted p99 ms', 'refused', 'refused p99 ms'],
      ...['/ping p99 ms', 'CPU µs per refusal', 'loop p99.9 ms', 'loop max ms', 'RSS MB', 'sent late p99 ms'],
    ],
    rows: points.map((point) => rowOf(point, capacity)),
    note: NOTE,
  }
}

function rowOf(point: OverloadPoint, capacity: Capacity): (string | number)[] {
  const { factor, load, health, loopDelay } = point
  return [
    ...[`${factor} ×`, goodput(point, capacity), load.accepted.p50Ms, load.accepted.p99Ms],
    ...[load.refused.count, load.refused.p99Ms, health.accepted.p99Ms, refusalCpuMicros(point, capacity)],
    ...[loopDelay.p999Ms, loopDelay.longestMs, point.residentBytes / 1e6, load.sentLateP99Ms],
  ]
}

export function overloadTargets(overload: Overload): Target[] {
  const { capacity, points, residentBytesBefore } = overload
  const beyond = points.filter(({ factor }) => factor > 1)
  const nominal = points.filter(({ factor }) => factor <= 1)
  const heaviest = beyond.at(-1)
  return [
    ...beyond.flatMap((point) => pointTargets(point, capacity)),
    ...nominal.flatMap(nominalTargets),
    ...(heaviest === undefined ? [] : [memoryTarget(heaviest, residentBytesBefore)]),
    recoveryTarget(overload.recovery),
    refusalsTarget(overload.refusals),
  ]
}

function pointTargets(point: OverloadPoint, capacity: Capacity): Target[] {
  const name = `${point.factor} ×`
  const most = (what: string, measured: number, limit: number) =>
    target({ name: `${name}: ${what}`, measured, limit, bound: 'most', unit: ' ms' })
  return [
    target({
      name: `${name}: goodput ÷ capacity`,
      measured: goodput(point, capacity),
      limit: LEAST_GOODPUT,
      bound: 'least',
      unit: '',
    }),
    most('p99 of accepted', point.load.accepted.p99Ms, Math.round(TARGET_WAIT_MS + 2 * batchMs(capacity))),
    ...(point.load.refused.count === 0
      ? []
      : [most('p99 of refusals', point.load.refused.p99Ms, MOST_REFUSAL_MS)]),
    most('p99 of /ping', point.health.accepted.p99Ms, MOST_HEALTH_MS),
  ]
}

function nominalTargets({ factor, loopDelay }: OverloadPoint): Target[] {
  const most = (what: string, measured: number, limit: number) =>
    target({
      name: `${factor} ×: event loop stood still, ${what}`,
      measured,
      limit,
      bound: 'most',
      unit: ' ms',
    })
  return [
    most('p99.9', loopDelay.p999Ms, MOST_LOOP_P999_MS),
    most('longest', loopDelay.longestMs, MOST_LOOP_MS),
  ]
}

function memoryTarget({ factor, residentBytes }: OverloadPoint, residentBytesBefore: number): Target {
  return target({
    name: `${factor} ×: frontend RSS beyond that before`,
    measured: (residentBytes - residentBytesBefore) / 1e6,
    limit: MOST_ADDED_MEGABYTES,
    bound: 'most',
    unit: ' MB',
  })
}

export function overloadRatios({ capacity, points, refusals }: Overload): Record<string, number> {
  const ratios = points.flatMap((point): [string, number][] => [
    [`${point.factor} ×: goodput ÷ capacity`, goodput(point, capacity)],
    [
      `${point.factor} ×: CPU of a refusal ÷ CPU of an answer`,
      refusalCpuMicros(point, capacity) / capacity.frontendCpuMicros,
    ],
  ])
  ratios.push([
    'full queue: CPU of a refusal ÷ CPU of an answer',
    refusals.cpuMicros / capacity.frontendCpuMicros,
  ])
  return Object.fromEntries(ratios.filter(([, value]) => Number.isFinite(value)))
}

export function overloadCharts({ capacity, points, recovery }: Overload): Chart[] {
  const by = (pick: (point: OverloadPoint) => number) =>
    points.map((point) => [point.factor, pick(point)] as const)
  const common = { kind: 'line', xLabel: 'offered load, × capacity', logX: true } as const
  return [
    {
      ...common,
      title: 'Answers under overload',
      yLabel: 'share of capacity',
      series: [{ name: 'goodput', points: by((point) => goodput(point, capacity)) }],
    },
    {
      ...common,
      title: 'Latency under overload',
      yLabel: 'p99, ms',
      series: [
        { name: 'accepted', points: by(({ load }) => load.accepted.p99Ms) },
        { name: 'refused', points: by(({ load }) => load.refused.p99Ms) },
        { name: '/ping', points: by(({ health }) => health.accepted.p99Ms) },
      ],
    },
    recoveryChart(recovery),
  ]
}
