import type { Memory, Point, Report } from './results.ts'
import type { Target } from './suites/suite.ts'
import { target } from './suites/target.ts'

type Ratio = { readonly model: string; readonly limit: number }

/** Where the process hop must have paid for itself. */
const RATIO_CONNECTIONS = 32
const LEAST_RATIOS: readonly Ratio[] = [
  { model: 'tiny', limit: 1.0 },
  { model: 'mid', limit: 1.3 },
]
const MOST_ADDED_P50_MS = 0.35
const MEGABYTE = 1e6
const MOST_FRONTEND_MEGABYTES = 130
/** Beside the model itself. */
const MOST_WORKER_MEGABYTES = 90

/** What the project promises, beside what was measured. Points that a short run left out have no target. */
export function evaluateTargets({ points, memory }: Pick<Report, 'points' | 'memory'>): Target[] {
  const ratios = LEAST_RATIOS.flatMap((ratio) =>
    points.filter(isAt(ratio.model, RATIO_CONNECTIONS)).map((point) => throughputTarget(point, ratio.limit)),
  )
  const delays = points.filter(({ connections }) => connections === 1).map(delayTarget)
  return [...ratios, ...delays, ...memory.flatMap(memoryTargets)]
}

const isAt = (model: string, connections: number) => (point: Point) =>
  point.model === model && point.connections === connections

function throughputTarget({ model, connections, onnxserve, bare }: Point, limit: number): Target {
  const measured = onnxserve.requestsPerSecond / bare.requestsPerSecond
  return target({ name: `${model} at c=${connections}, × (a)`, measured, limit, bound: 'least', unit: ' ×' })
}

function delayTarget({ model, onnxserve, bare }: Point): Target {
  const measured = onnxserve.p50Ms - bare.p50Ms
  return target({
    name: `${model} at c=1, p50 over (a)`,
    measured,
    limit: MOST_ADDED_P50_MS,
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
