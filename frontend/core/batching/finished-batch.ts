import type { BatchTiming } from '../../../worker/contract/messages.ts'
import type { BatchClosedBy } from './batch-closed-by.ts'

export type FinishedBatch = {
  readonly requests: number
  readonly workerMs: number
  readonly timing: BatchTiming
  readonly closedBy: BatchClosedBy
}
