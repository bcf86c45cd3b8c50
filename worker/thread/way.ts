import type { BatchTiming } from '../contract/messages.ts'
import type { BatchMember } from './batch-member.ts'

/** How the members of a batch come to their replies. */
export interface Way {
  /** Replies to every member; members that were tried again are other objects than those given. */
  run(members: readonly BatchMember[]): Promise<WayResult>
}

export type WayResult = { readonly members: readonly BatchMember[]; readonly timing: BatchTiming }

/** The time of what does not run the graph: its rows would mislead the prediction of waiting times. */
export function timingSince(startedAtMs: number): BatchTiming {
  const inferenceMs = performance.now() - startedAtMs
  return { preprocessMs: 0, inferenceMs, postprocessMs: 0, rows: 0, runs: 0 }
}
