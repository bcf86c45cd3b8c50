import type { ModelConfig } from '../../archiver-cli/format/model-config.ts'
import { latencyMs, type Objective, type Trial } from './choose.ts'
import type { Combination } from './combinations.ts'
import type { Tuned, TunePlan } from './outcome.ts'
import type { TrialRow } from './try-layout.ts'

/** Warm-up and start of workers, beside what is measured. */
const OVERHEAD = 1.25
const START_SECONDS = 2

/** What will be tried, and how long that takes at most. */
export function planLine({ layouts, batchRows }: TunePlan, samples: number, seconds: number): string {
  const combinations = layouts.length * batchRows.length
  const most = Math.ceil(combinations * seconds * OVERHEAD + layouts.length * START_SECONDS)
  return (
    `replaying ${samples} sample${samples === 1 ? '' : 's'} over at most ${combinations} combinations ` +
    `(${layouts.length} of workers, threads and provider × ${batchRows.length} batch sizes), ` +
    `${seconds} s each: up to about ${most} s while batches are shorter than that`
  )
}

const HEADINGS = [
  'provider',
  'workers',
  'threads',
  'batch rows',
  'requests/s',
  '± %',
  'batch p50 ms',
  'p99 ms',
  'memory MB',
  '',
]

/** Every combination that was looked at, as aligned columns. */
export function trialTable(rows: readonly TrialRow[], { chosen, present }: Tuned): string {
  const lines = rows.map(({ combination, trial, reason }) => [
    ...combinationCells(combination),
    ...(trial === undefined ? ['', '', '', '', ''] : trialCells(trial)),
    reason ??
      [trial === chosen ? '← chosen' : '', trial === present ? '(as it was)' : ''].filter(Boolean).join(' '),
  ])
  return aligned([HEADINGS, ...lines])
}

function combinationCells({ provider, workers, intraOpThreads, batchRows }: Combination): string[] {
  return [provider, ...[workers, intraOpThreads, batchRows].map(String)]
}

function trialCells({ replay, spread, privateBytes }: Trial): string[] {
  return [
    replay.requestsPerSecond.toFixed(replay.requestsPerSecond < 100 ? 1 : 0),
    ((spread * 100) / 2).toFixed(1),
    replay.p50Ms.toFixed(2),
    replay.p99Ms.toFixed(2),
    privateBytes === 0 ? '' : (privateBytes / 1e6).toFixed(0),
  ]
}

/** Numbers to the right, texts to the left. */
function aligned(table: readonly (readonly string[])[]): string {
  const widths = HEADINGS.map((_, column) => Math.max(...table.map((line) => line[column]?.length ?? 0)))
  return table
    .map((line) =>
      line
        .map((cell, column) => {
          const width = widths[column] ?? 0
          return column === 0 || column === HEADINGS.length - 1 ? cell.padEnd(width) : cell.padStart(width)
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** Why this one, in a sentence. */
export function explainChoice({ chosen, present }: Tuned, objective: Objective): string {
  const { workers, intraOpThreads, batchRows, provider } = chosen.combination
  const what =
    `${workers} worker${workers === 1 ? '' : 's'} × ${intraOpThreads} thread${intraOpThreads === 1 ? '' : 's'} on ${provider}, ` +
    `batches of up to ${batchRows} rows: ${chosen.replay.requestsPerSecond.toFixed(0)} requests/s, ` +
    `a busy wait of ${latencyMs(chosen).toFixed(1)} ms`
  return `chosen for ${objectiveWords(objective)}: ${what}${gain(chosen, present)}`
}

function objectiveWords(objective: Objective): string {
  switch (objective.kind) {
    case 'throughput':
      return 'throughput'
    case 'latency':
      return 'latency'
    case 'bounded':
      return `throughput within ${objective.maxMs} ms`
    default:
      return objective satisfies never
  }
}

function gain(chosen: Trial, present: Trial | undefined): string {
  if (present === undefined) return ''
  if (present === chosen) return '; that is what the archive says already'
  const times = chosen.replay.requestsPerSecond / present.replay.requestsPerSecond
  return `; ${times.toFixed(2)} × the requests/s of the archive as it was`
}

export function settingsLine(settings: ModelConfig): string {
  const words = Object.entries(settings).map(([key, value]) => `${key}: ${JSON.stringify(value)}`)
  return `settings: ${words.join(', ')}`
}
