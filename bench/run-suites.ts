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

/** × its budget: a slow machine is no reason to give up. */
const QUICK_LIMIT = 3
const FULL_LIMIT_SECONDS = 3600
/** What `setTimeout` takes. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

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

async function runSuite(entry: SuiteEntry, options: Options): Promise<SuiteReport> {
  const { suite, quickBudgetSeconds } = entry
  const { quick, flags } = options
  const log = (line: string) => options.log(`${suite.name}: ${line}`)
  const directory = mkdtempSync(join(tmpdir(), `onnxserve-bench-${suite.name}-`))
  const generator = new LoadGenerator()
  const startedAtMs = performance.now()
  try {
    const running = suite.run({ quick, flags, directory, generator, log })
    const result = await within(quick ? QUICK_LIMIT * quickBudgetSeconds : FULL_LIMIT_SECONDS, running)
    const tookSeconds = Math.round((performance.now() - startedAtMs) / 1000)
    if (quick && tookSeconds > quickBudgetSeconds)
      log(`took ${tookSeconds} s, more than its ${quickBudgetSeconds} s`)
    const { name, about } = suite
    const isQuick = quick
    return {
      suite: name,
      about,
      ...describeCircumstances(),
      isQuick,
      tookSeconds,
      quickBudgetSeconds,
      result,
    }
  } finally {
    generator.close()
    rmSync(directory, { recursive: true, force: true })
  }
}

/** One that stands still must not keep the next from running. */
async function within<T>(limitSeconds: number, running: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<never>((_, reject) => {
    const expire = () => reject(new Error(`it did not end within ${limitSeconds} s`))
    timer = setTimeout(expire, Math.min(limitSeconds * 1000, LONGEST_TIMER_MS))
  })
  try {
    return await Promise.race([running, limit])
  } finally {
    clearTimeout(timer)
  }
}
