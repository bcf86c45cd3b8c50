import type { WatchedLoop } from './loop-watch.ts'

/** A running server under measurement. */
export type Contender = {
  readonly port: number
  readonly path: string
  /** The process that speaks HTTP. */
  readonly frontendPid: number
  /** The processes that run the model, where those are others. */
  readonly workerPids: () => readonly number[]
  /** Rows and engine calls since the start, where the contender counts them. */
  readonly batches?: () => Promise<BatchCount>
  /** Of the process that speaks HTTP, where somebody watches it. */
  readonly loopWatch?: WatchedLoop
  readonly close: () => Promise<void>
}

export type BatchCount = { readonly rows: number; readonly batches: number }
