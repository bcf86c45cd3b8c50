import { acrossRounds } from '../../rounds.ts'
import type { Run } from '../../measure.ts'
import type { Lone, Point } from './results.ts'

/* What is published of one contender as a multiple of another: of runs of the same round, the median over the rounds. */

export function throughputTimesBare({ onnxserve, bare }: Point): number {
  return acrossRounds(
    onnxserve.runs,
    bare.runs,
    (ours, theirs) => ours.requestsPerSecond / theirs.requestsPerSecond,
  )
}

/** One row a request. */
export function throughputTimesRaw({ onnxserve, raw }: Point): number {
  return acrossRounds(onnxserve.runs, raw, (ours, loop) => ours.requestsPerSecond / loop.rowsPerSecond)
}

export function cpuTimesBare({ onnxserve, bare }: Point): number {
  const cpuMicros = (run: Run) => run.frontendCpuMicros + run.workerCpuMicros
  return acrossRounds(onnxserve.runs, bare.runs, (ours, theirs) => cpuMicros(ours) / cpuMicros(theirs))
}

export function addedP50Ms({ onnxserve, bare }: Point): number {
  return acrossRounds(onnxserve.runs, bare.runs, (ours, theirs) => ours.p50Ms - theirs.p50Ms)
}

export function addedLoneP50Ms({ batching, single }: Lone): number {
  return acrossRounds(batching.runs, single.runs, (waiting, at) => waiting.p50Ms - at.p50Ms)
}

export function ratiosOf(point: Point): [string, number][] {
  const { model, wire, connections, onnxserve } = point
  const name = `${model}, ${wire}, c=${connections}`
  return [
    [`${name}: requests/s ÷ bare`, throughputTimesBare(point)],
    [`${name}: CPU per request ÷ bare`, cpuTimesBare(point)],
    [`${name}: rows per batch`, onnxserve.batchRows],
  ]
}
