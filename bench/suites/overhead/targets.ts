import type { Target } from '../suite.ts'
import { target } from '../target.ts'
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

function throughputTarget({ model, wire, connections, onnxserve, bare }: Point, limit: number): Target {
  const measured = onnxserve.requestsPerSecond / bare.requestsPerSecond
  const name = `${model}, ${wire}, c=${connections}: × (a)`
  return target({ name, measured, limit, bound: 'least', unit: ' ×' })
}

function delayTarget({ model, onnxserve, bare }: Point): Target {
  return target({
    name: `${model}, JSON, c=1: p50 over (a)`,
    measured: onnxserve.p50Ms - bare.p50Ms,
    limit: MOST_ADDED_P50_MS,
    bound: 'most',
    unit: ' ms',
  })
}

function loneTarget({ delayMs, batching, single }: Lone): Target {
  return target({
    name: `lone request, maxBatchDelayMs ${delayMs}: p50 over batch size 1`,
    measured: batching.p50Ms - single.p50Ms,
    limit: MOST_LONE_WAIT_MS,
    bound: 'most',
    unit: ' ms',
  })
}

function memoryTargets({ model, modelBytes, frontendResidentBytes, workerPrivateBytes }: Memory): Target[] {
  return [
    target({
      name: `${model}: frontend RSS after the run`,
      measured: frontendResidentBytes / MEGABYTE,
      limit: MOST_FRONTEND_MEGABYTES,
      bound: 'most',
      unit: ' MB',
    }),
    target({
      name: `${model}: worker process private memory, without the model`,
      measured: (workerPrivateBytes - modelBytes) / MEGABYTE,
      limit: MOST_WORKER_MEGABYTES,
      bound: 'most',
      unit: ' MB',
    }),
  ]
}
