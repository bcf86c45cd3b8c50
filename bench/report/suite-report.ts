import type { SuiteResult } from '../suites/suite.ts'
import type { Circumstances } from './machine.ts'

/** What a suite found, and where: the content of `bench/results/<suite>.json`. */
export type SuiteReport = Circumstances & {
  readonly suite: string
  readonly about: string
  /** Of the form that shows the ratios only. */
  readonly isQuick: boolean
  readonly tookSeconds: number
  /** What the quick form may take. */
  readonly quickBudgetSeconds: number
  readonly result: SuiteResult
}
