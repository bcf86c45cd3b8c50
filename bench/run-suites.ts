import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Command } from './command.ts'
import { LoadGenerator } from './load/load-generator.ts'
import { describeCircumstances } from './report/machine.ts'
import type { SuiteReport } from './report/suite-report.ts'
import type { SuiteEntry } from './suites/all.ts'

export type SuiteOutcome =
  | { readonly kind: 'measured'; readonly report: SuiteReport }
  | { readonly kind: 'failed'; readonly suite: string; readonly error: unknown }

/** Runs the suites one after the other; one that fails does not keep the next from running. */
export async function* runSuites(
  { entries, quick, flags }: Pick<Command, 'entries' | 'quick' | 'flags'>,
  log: (line: string) => void,
): AsyncGenerator<SuiteOutcome> {
  for (const entry of entries) {
    try {
      yield { kind: 'measured', report: await runSuite(entry, { quick, flags, log }) }
    } catch (error) {
      yield { kind: 'failed', suite: entry.suite.name, error }
    }
  }
}

type Options = Pick<Command, 'quick' | 'flags'> & { readonly log: (line: string) => void }

async function runSuite({ suite, quickBudgetSeconds }: SuiteEntry, options: Options): Promise<SuiteReport> {
  const { quick, flags } = options
  const log = (line: string) => options.log(`${suite.name}: ${line}`)
  const directory = mkdtempSync(join(tmpdir(), `onnxserve-bench-${suite.name}-`))
  const generator = new LoadGenerator()
  const startedAtMs = performance.now()
  try {
    const result = await suite.run({ quick, flags, directory, generator, log })
    const tookSeconds = Math.round((performance.now() - startedAtMs) / 1000)
    if (quick && tookSeconds > quickBudgetSeconds)
      log(`took ${tookSeconds} s, more than its ${quickBudgetSeconds} s`)
    const { name, about } = suite
    return { suite: name, about, ...describeCircumstances(), isQuick: quick, tookSeconds, result }
  } finally {
    generator.close()
    rmSync(directory, { recursive: true, force: true })
  }
}
