import type { BatchRequest, BatchResult, ResponsePiece } from '../../../worker/contract/messages.ts'
import type { RestartCause } from '../events.ts'

/** A thread or its process ended before it answered: the batch may be tried again elsewhere. */
export class WorkerDied extends Error {
  /** False for a batch that waited for others when the process ended: it had no part in that. */
  readonly hasStarted: boolean

  constructor(detail: string, hasStarted = true) {
    super(detail)
    this.hasStarted = hasStarted
  }
}

/** Something that runs batches: the threads of one worker process. */
export interface BatchRunner {
  /** Batches that it holds. */
  readonly runningBatches: number
  /**
   * Runs a batch.
   *
   * @param isAlone nothing else may run in its worker process meanwhile, whoever sends it
   * @throws WorkerDied when the thread or its process ended before the answer.
   */
  run(requests: readonly BatchRequest[], onPiece?: OnMemberPiece, isAlone?: boolean): Promise<BatchResult>
  /**
   * Tells the handler that nobody waits for a member any more.
   *
   * @param requests the very list that `run` was called with; when that batch has ended, nothing happens.
   */
  cancel(requests: readonly BatchRequest[], member: number): void
  /** Ends the worker process at once. The first reason stands. */
  kill(cause: RestartCause, detail: string): void
}

/** Takes a piece of the answer of the batch's member at this place, while the batch runs. */
export type OnMemberPiece = (member: number, piece: ResponsePiece) => void

/** Where batches go. */
export interface BatchRunners {
  /** Threads that are loaded. */
  readonly readyWorkers: number
  readonly usesHeaders: boolean
  /** Batches that one of them takes at a time; absent: one. */
  readonly batchesInFlight?: number
  /** One of them takes a batch more while its engine runs another, to run it next; absent: not so. */
  readonly overlapsRuns?: boolean
  /** A worker process that takes another batch, the least busy first; with `isAlone`, one that runs nothing at all. */
  pick(isAlone: boolean): BatchRunner | undefined
}

/** Batches that a worker may end one after the other until it has ended one that it is sent now. */
export function turnsUntilAnswer(
  { batchesInFlight = 1, overlapsRuns }: BatchRunners,
  { runningBatches }: Pick<BatchRunner, 'runningBatches'>,
): number {
  return overlapsRuns === true ? Math.min(batchesInFlight, runningBatches + 1) : batchesInFlight
}

/** A worker process by itself, for requests that must stay where their state is. */
export interface WorkerLane extends BatchRunners {
  /** How often a thread of it ended, and with that what its handler kept in memory. */
  readonly losses: number
}

export interface VersionRunners extends BatchRunners {
  readonly lanes: readonly WorkerLane[]
}

/** Those of a version that has no workers. */
export const NO_RUNNERS: VersionRunners = {
  readyWorkers: 0,
  usesHeaders: true,
  pick: () => undefined,
  lanes: [],
}
