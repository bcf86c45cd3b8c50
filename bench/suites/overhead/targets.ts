import type { Target } from '../suite.ts'
import { target } from '../target.ts'
import { addedLoneP50Ms, addedP50Ms, throughputTimesBare } from './ratios.ts'
import type { Lone, Memory, Overhead, Point, WireName } from './results.ts'

type Ratio = { readonly model: string; readonly wire: WireName; readonly limit: number }

/** Where the process hop must have paid for itself. */
const RATIO_CONNECTIONS = 32
const LEAST_RATIOS: readonly Ratio[] = [
  { model: 'tiny', wire: 'JSON', limit: 1.5 },
  { model: 'mid', wire: 'JSON', limit: 1.5 },
  { model: 'mid', wire: 'V2 binary', limit: 3 },
]
const MOST_ADDED_P50_MS = 0.2
const MOST_LONE_WAIT_MS = 1
const MEGABYTE = 1e6
const MOST_FRONTEND_MEGABYTES = 130
/** Beside the model itself. */
const MOST_WORKER_MEGABYTES = 90

export function overheadTargets({ points, memory, lone }: Overhead): Target[] {
  const ratios = LEAST_RATIOS.flatMap((ratio) =>
    points
      .filter((point) => isOf(point, ratio) && point.connections === RATIO_CONNECTIONS)
      .map((point) => throughputTarget(point, ratio.limit)),
  )
  const single = points.filter(({ connections, wire }) => connections === 1 && wire === 'JSON')
  return [...ratios, ...single.map(delayTarget), loneTarget(lone), ...memory.flatMap(memoryTargets)]
}

const isOf = (point: Point, { model, wire }: Ratio) => point.model === model && point.wire === wire

function throughputTarget(point: Point, limit: number): Target {
  const { model, wire, connections } = point
  const name = `${model}, ${wire}, c=${connections}: × (a)`
  return target({ name, measured: throughputTimesBare(point), limit, bound: 'least', unit: ' ×' })
}

function delayTarget(point: Point): Target {
  return target({
    name: `${point.model}, JSON, c=1: p50 over (a)`,
    measured: addedP50Ms(point),
    limit: MOST_ADDED_P50_MS,
    bound: 'most',
    unit: ' ms',
  })
}

function loneTarget(lone: Lone): Target {
  return target({
    name: `lone request, maxBatchDelayMs ${lone.delayMs}: p50 over batch size 1`,
    measured: addedLoneP50Ms(lone),
    limit: MOST_LONE_WAIT_MS,
    bound: 'most',
    unit: ' ms',
  })
}

function memoryTargets({ model, modelBytes, frontend, workers }: Memory): Target[] {
  return [
    target({
      name: `${model}: frontend RSS after the run`,
      measured: frontend.residentBytes / MEGABYTE,
      limit: MOST_FRONTEND_MEGABYTES,
      bound: 'most',
      unit: ' MB',
    }),
    target({
      name: `${model}: worker process private memory, without the model`,
      measured: (workers.privateBytes - modelBytes) / MEGABYTE,
      limit: MOST_WORKER_MEGABYTES,
      bound: 'most',
      unit: ' MB',
    }),
  ]
}
