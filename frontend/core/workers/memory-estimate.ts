import type { GraphChoice } from './graph-choice.ts'
import type { WorkerPlan } from './worker-plan.ts'

/** What the workers of a version will take of the machine's memory. */
export type MemoryEstimate = {
  readonly totalBytes: number
  /** Counted once for all of them: weights that are mapped from a file. */
  readonly sharedBytes: number
  /** Of each worker beside that. */
  readonly perWorkerBytes: number
}

const MEBIBYTE = 1024 * 1024
/** Node.js and the runtime's library, before a thread loads anything (measured: 45 to 60 MiB). */
const PROCESS_BYTES = 50 * MEBIBYTE
/** One more V8 isolate, a session without weights and its arena (measured: 25 to 40 MiB). */
const WORKER_BYTES = 30 * MEBIBYTE
/** Weights of a graph that is opened as it came: once as read, once rearranged (measured: 2.0). */
const PRIVATE_COPIES = 2

/** Takes every byte of the archive for a weight. On a GPU, weights lie in its own memory. */
export function estimateMemory(
  plan: Pick<WorkerPlan, 'processes'>,
  modelBytes: number,
  graph: Pick<GraphChoice, 'prepared' | 'prepacks'> | undefined,
): MemoryEstimate {
  const workers = plan.processes.reduce((sum, { threads }) => sum + threads, 0)
  const isMapped = graph?.prepared !== undefined
  const isOnCpu = plan.processes.every(({ device }) => device.provider === 'cpu')
  const sharedBytes = isMapped ? modelBytes : 0
  const perWorkerBytes = WORKER_BYTES + (isMapped || !isOnCpu ? 0 : PRIVATE_COPIES * modelBytes)
  const totalBytes = plan.processes.length * PROCESS_BYTES + workers * perWorkerBytes + sharedBytes
  return { totalBytes, sharedBytes, perWorkerBytes }
}
