import type { ModelConfig } from '../../archiver-cli/format/model-config.ts'
import type { Trial } from './choose.ts'
import type { Layout } from './combinations.ts'
import type { TrialRow } from './try-layout.ts'

/** What is going to be tried. */
export type TunePlan = {
  readonly layouts: readonly Layout[]
  /** Growing. */
  readonly batchRows: readonly number[]
  readonly durationMs: number
}

/** What came of it. */
export type Tuned = {
  readonly rows: readonly TrialRow[]
  readonly chosen: Trial
  /** What the server would do with the archive as it was. */
  readonly present: Trial | undefined
  /** What was written into the configuration, or would have been. */
  readonly settings: ModelConfig
}
