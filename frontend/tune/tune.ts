import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { openArchive, type OpenedArchive } from '../../archiver-cli/format/archive-reader.ts'
import type { ModelConfig } from '../../archiver-cli/format/model-config.ts'
import { writeWithSettings } from '../../archiver-cli/format/with-settings.ts'
import { messageOf, ServingError } from '../../worker/contract/errors.ts'
import type { ExecutionProvider } from '../../worker/contract/messages.ts'
import { artefactOf } from '../core/candidate.ts'
import type { Clock } from '../core/clock.ts'
import { isStateful, resolveSettings, type SettingDefaults, type VersionSettings } from '../core/settings.ts'
import { chooseProvider, wantedProviders } from '../core/workers/provider-choice.ts'
import type { ProviderFindings } from '../core/workers/provider-findings.ts'
import { planWorkers } from '../core/workers/worker-plan.ts'
import type { StartWorkerProcess } from '../core/workers/worker-process.ts'
import { chooseTrial, type Objective, type Trial } from './choose.ts'
import { layoutsToTry, powersOfTwo, type Layout } from './combinations.ts'
import type { LiveOptions } from './live-workers.ts'
import type { Tuned, TunePlan } from './outcome.ts'
import { explainChoice, planLine, settingsLine, trialTable } from './report.ts'
import { readSamples } from './samples.ts'
import { tryLayout, type TrialRow } from './try-layout.ts'

export type TuneOptions = {
  readonly archive: string
  readonly samples: string
  readonly batchRows: readonly number[] | undefined
  readonly workers: readonly number[] | undefined
  readonly intraOpThreads: readonly number[] | undefined
  readonly providers: readonly ExecutionProvider[] | undefined
  readonly objective: Objective
  /** Of each round of each combination. */
  readonly seconds: number
  /** Where the tuned archive goes; absent: in place of the old one. */
  readonly output: string | undefined
  readonly dryRun: boolean
  readonly signal: AbortSignal
}

export type TuneHost = {
  readonly startProcess: StartWorkerProcess
  readonly findings: ProviderFindings
  readonly cpus: number
  readonly defaults: SettingDefaults
  readonly clock: Clock
  readonly print: (line: string) => void
}

/** Rows of a batch when nobody says which to try. */
const MAX_BATCH_ROWS = 64

/**
 * Finds the settings under which an archive's model does the most, by replaying samples against live worker
 * processes, and writes them into its configuration.
 *
 * @throws ServingError `invalid_argument` (archive or samples) | `failed_precondition` (nothing runs, or nothing keeps
 * the objective). The archive is then as it was.
 */
export async function tune(options: TuneOptions, host: TuneHost): Promise<Tuned> {
  const samples = await readSamples(options.samples)
  const opened = await openArchive(options.archive)
  const directory = await mkdtemp(join(tmpdir(), 'onnxserve-tune-'))
  try {
    const modelDir = join(directory, 'model')
    await opened.extractTo(modelDir)
    const live = liveOptions(opened, { ...options, modelDir }, host)
    const present = await presentLayout(live.settings, host)
    const plan = planOf(options, live.settings, { host, present })
    host.print(planLine(plan, samples.length, options.seconds))
    const rows: TrialRow[] = []
    for (const layout of plan.layouts) {
      rows.push(...(await tryLayout(live, layout, { ...plan, samples, signal: options.signal })))
    }
    const tuned = outcomeOf(rows, { options, present, settings: live.settings })
    host.print(trialTable(rows, tuned))
    host.print(explainChoice(tuned, options.objective))
    await writeTuned(opened, { options, modelDir, settings: tuned.settings }, host)
    return tuned
  } finally {
    await opened.close()
    await rm(directory, { recursive: true, force: true })
  }
}

function liveOptions(
  opened: OpenedArchive,
  { archive, modelDir }: { readonly archive: string; readonly modelDir: string },
  { startProcess, cpus, clock, defaults }: TuneHost,
): LiveOptions {
  const { manifest, config, digest } = opened
  const modelBytes = manifest.files.reduce((sum, file) => sum + file.bytes, 0)
  const stored = { archive: basename(archive), digest, modelDir, modelBytes, manifest, config }
  const settings = resolveSettings({ call: {}, archive: config }, defaults)
  if (isStateful(settings)) {
    throw new ServingError(
      'failed_precondition',
      'the model batches sequences or continuously: what one request costs depends on those before it, which samples do not show',
      { reason: 'tune' },
    )
  }
  const artefact = artefactOf({ stored, overrides: {}, loadedAtStartup: false })
  return { artefact, settings, startProcess, cpus, clock }
}

/** As the server would lay out the archive's workers here. */
async function presentLayout(settings: VersionSettings, { findings, cpus }: TuneHost): Promise<Layout> {
  const wanted = wantedProviders(settings, 1)
  const { provider } = chooseProvider(wanted, await findings.find(wanted))
  const workers = Math.max(1, settings.minWorkers)
  const { workerProcesses, intraOpThreads, deviceIds } = settings
  const plan = planWorkers({ workers, workerProcesses, intraOpThreads, provider, deviceIds, cpus })
  return { provider, workers, intraOpThreads: plan.intraOpThreads }
}

function planOf(
  { providers, workers, intraOpThreads, batchRows, seconds }: TuneOptions,
  settings: VersionSettings,
  { host, present }: { readonly host: TuneHost; readonly present: Layout },
): TunePlan {
  const choices = { providers: providers ?? [present.provider], workers, intraOpThreads, cpus: host.cpus }
  const sizes = new Set([...(batchRows ?? powersOfTwo(MAX_BATCH_ROWS)), settings.maxBatchRows])
  return {
    layouts: layoutsToTry(choices, present),
    batchRows: [...sizes].sort((a, b) => a - b),
    durationMs: seconds * 1000,
  }
}

type Judging = {
  readonly options: TuneOptions
  readonly present: Layout
  readonly settings: VersionSettings
}

function outcomeOf(rows: readonly TrialRow[], { options, present, settings }: Judging): Tuned {
  const trials = rows.flatMap((row) => (row.trial === undefined ? [] : [row.trial]))
  const chosen = chooseTrial(trials, options.objective)
  if (chosen === undefined) throw nothingChosen(rows, trials, options.objective)
  const asItWas = trials.find(
    ({ combination: { provider, workers, intraOpThreads, batchRows } }) =>
      provider === present.provider &&
      workers === present.workers &&
      intraOpThreads === present.intraOpThreads &&
      batchRows === settings.maxBatchRows,
  )
  return { rows, chosen, present: asItWas, settings: settingsOf(chosen, options, settings) }
}

/** A provider is written only where several were asked for: the archive may go to machines that have another one. */
function settingsOf(
  { combination: { provider, workers, intraOpThreads, batchRows } }: Trial,
  { providers = [] }: TuneOptions,
  { maxWorkers, sources }: VersionSettings,
): ModelConfig {
  return {
    minWorkers: workers,
    ...(sources.maxWorkers !== undefined && maxWorkers < workers ? { maxWorkers: workers } : {}),
    intraOpThreads,
    maxBatchRows: batchRows,
    ...(providers.length > 1 ? { executionProviders: [provider] } : {}),
  }
}

function nothingChosen(
  rows: readonly TrialRow[],
  trials: readonly Trial[],
  objective: Objective,
): ServingError {
  if (trials.length > 0 && objective.kind === 'bounded') {
    const best = Math.min(...trials.map(({ replay }) => 2 * replay.p99Ms))
    return new ServingError(
      'failed_precondition',
      `no combination keeps ${objective.maxMs} ms; the shortest wait measured is ${best.toFixed(1)} ms`,
      { reason: 'tune' },
    )
  }
  const why = rows.map(({ reason }) => reason).find(Boolean) ?? 'nothing was tried'
  return new ServingError('failed_precondition', `no combination ran: ${why}`, { reason: 'tune' })
}

type Writing = {
  readonly options: TuneOptions
  readonly modelDir: string
  readonly settings: ModelConfig
}

async function writeTuned(
  { manifest, format }: OpenedArchive,
  { options, modelDir, settings }: Writing,
  { print }: TuneHost,
): Promise<void> {
  print(settingsLine(settings))
  if (options.dryRun) {
    print('nothing was written: --dry-run')
    return
  }
  if (format === 'source') throw new Error('an opened archive is never bare files')
  const target = options.output ?? options.archive
  options.signal.throwIfAborted()
  try {
    await writeWithSettings({
      directory: modelDir,
      manifest,
      format,
      target,
      settings,
      signal: options.signal,
    })
  } catch (error) {
    throw new ServingError('failed_precondition', `${target} could not be written: ${messageOf(error)}`, {
      cause: error,
    })
  }
  print(`wrote ${target}; register it again where it is served`)
}
