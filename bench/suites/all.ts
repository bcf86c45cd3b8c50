import { batching } from './batching.ts'
import { gpu } from './gpu.ts'
import { lifecycle } from './lifecycle.ts'
import { models } from './models.ts'
import { overlap } from './overlap.ts'
import { overhead } from './overhead.ts'
import { overload } from './overload.ts'
import { payload } from './payload.ts'
import { peers } from './peers.ts'
import { scale } from './scale.ts'
import type { Suite } from './suite.ts'

export type SuiteEntry = {
  readonly suite: Suite
  /** What `--quick` may take on two cores; a run that takes longer says so. All of them together: less than ten minutes. */
  readonly quickBudgetSeconds: number
}

/** In the order in which they run and stand in the document. */
export const SUITES: readonly SuiteEntry[] = [
  { suite: overhead, quickBudgetSeconds: 70 },
  { suite: batching, quickBudgetSeconds: 34 },
  { suite: lifecycle, quickBudgetSeconds: 38 },
  { suite: models, quickBudgetSeconds: 83 },
  { suite: gpu, quickBudgetSeconds: 45 },
  { suite: payload, quickBudgetSeconds: 55 },
  { suite: peers, quickBudgetSeconds: 103 },
  { suite: overlap, quickBudgetSeconds: 42 },
  { suite: overload, quickBudgetSeconds: 50 },
  { suite: scale, quickBudgetSeconds: 50 },
]
