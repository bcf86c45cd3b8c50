import { measurementOf, type Measurement, type Run } from '../../bench/measure.ts'

const RUN: Run = {
  requestsPerSecond: 1000,
  p50Ms: 1,
  p90Ms: 1,
  p99Ms: 1,
  frontendCpuMicros: 50,
  workerCpuMicros: 40,
  generatorCpuMicros: 20,
  generatorShare: 0.5,
  batchRows: 3,
  loopP99Ms: 1,
  loopLongestMs: 2,
}

/** One run for each of the changes to the usual one. */
export function measured(...changes: readonly Partial<Run>[]): Measurement {
  return measurementOf(changes.map((each) => ({ ...RUN, ...each })))
}
