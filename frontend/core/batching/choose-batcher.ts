import { Batcher } from './batcher.ts'
import { ContinuousBatcher } from './continuous-batcher.ts'
import { NO_RUNNERS } from './runners.ts'
import { OrderedBatcher } from './scheduling/ordered-batcher.ts'
import { VersionSchedule } from './scheduling/version-schedule.ts'
import { SequenceBatcher } from './sequence-batcher.ts'
import type { VersionBatcher, VersionBatcherOptions } from './version-batcher.ts'

/** The batcher that a version's settings ask for. */
export function chooseBatcher(options: VersionBatcherOptions): VersionBatcher {
  const { sequenceBatching, scheduling } = options.limits
  if (sequenceBatching !== undefined) return new SequenceBatcher({ ...options, sequences: sequenceBatching })
  if (options.limits.continuousBatching) return new ContinuousBatcher(options)
  if (scheduling === undefined) return new Batcher({ ...options, runners: NO_RUNNERS })
  const schedule = new VersionSchedule({ ...options, scheduling })
  const batcher = new Batcher({ ...options, runners: NO_RUNNERS, schedule })
  return scheduling.preserveOrdering === true ? new OrderedBatcher({ ...options, batcher }) : batcher
}
