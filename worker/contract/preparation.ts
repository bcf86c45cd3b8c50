import type { GraphOptimization } from './messages.ts'

/*
 * Preparing a graph: it is optimized once, written with its weights in a file of their own, and opened from there by
 * every later start. Weights lie there as they came and, where the engine's kernels want them in another order, once more
 * in that one: they are mapped into memory, and processes share them.
 */

export const PREPARED_GRAPH = 'model.onnx'
export const PREPARED_WEIGHTS = 'weights.bin'

export type PrepareRequest = {
  /** The graph, absolute. */
  readonly source: string
  /** Where the prepared graph is, or is to be written; it exists. */
  readonly directory: string
  /** Whether it was written before, and only the ways to run it are to be compared. */
  readonly isWritten: boolean
  readonly intraOpThreads: number
  readonly graphOptimization?: GraphOptimization
  /** Rows of the largest run that will come. */
  readonly maxRows: number
}

/** Time of one run with so many rows: with weights rearranged for the engine's kernels, and with them as they came. */
export type RunComparison = { readonly rows: number; readonly prepackedMs: number; readonly plainMs: number }

export type Preparation =
  | {
      readonly ok: true
      /** Opening the graph as it came; absent when only runs were compared. */
      readonly originalLoadMs?: number
      readonly prepackedLoadMs: number
      readonly plainLoadMs: number
      readonly runs: readonly RunComparison[]
    }
  | { readonly ok: false; readonly error: string }
