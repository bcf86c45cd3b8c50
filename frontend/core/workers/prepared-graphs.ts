import { createHash } from 'node:crypto'
import { mkdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { messageOf } from '../../../worker/contract/errors.ts'
import { formatModelId } from '../../../worker/contract/model-id.ts'
import {
  PREPARED_GRAPH,
  type Preparation,
  type PrepareRequest,
} from '../../../worker/contract/preparation.ts'
import type { Artefact } from '../artefact.ts'
import { KeyedLock } from '../keyed-lock.ts'
import type { VersionSettings } from '../settings.ts'
import { chooseGraph, type GraphChoice } from './graph-choice.ts'
import { filesOf, readRecord, writeRecord, type PreparedRecord } from './prepared-record.ts'

/** Prepares a graph in a process of its own. Rejects when that gave no answer in time. */
export type RunPreparation = (
  request: PrepareRequest,
  limits: { readonly modelBytes: number; readonly timeoutMs: number },
) => Promise<Preparation>

export type PreparedGraphsOptions = {
  readonly run: RunPreparation
  /** What a prepared graph depends on beside the model: runtime and processor. */
  readonly environment: string
  /** Told, in a sentence, what was prepared or went wrong. */
  readonly note: (sentence: string) => void
}

export type PlannedRuns = { readonly intraOpThreads: number; readonly provider: string }

/** The directory of the prepared graph, and what it is of and for. */
type ChoiceGrounds = readonly [string, Artefact, VersionSettings, PlannedRuns]

/** Below it, what a prepared graph could save is less than what preparing it costs. */
const MIN_MODEL_BYTES = 1024 * 1024
/** One at a time: they are measured, and no request waits for them. */
const TURN = ''

/**
 * The prepared graphs of all models, each in a directory beside its model's unpacked files.
 *
 * A graph is prepared when its model is first loaded; what was measured is kept with it. One whose files are not as
 * they were written is prepared again.
 */
export class PreparedGraphs {
  readonly #options: PreparedGraphsOptions
  readonly #turns = new KeyedLock()

  constructor(options: PreparedGraphsOptions) {
    this.#options = options
  }

  /** Never fails: without a prepared graph, the original one is opened. */
  async choose(artefact: Artefact, settings: VersionSettings, runs: PlannedRuns): Promise<GraphChoice> {
    const original = originalChoice(artefact, settings, runs)
    if (original !== undefined) return original
    const directory = this.#directoryOf(artefact, settings)
    const choice = await this.#turns.run(TURN, () => this.#chooseIn(directory, artefact, settings, runs))
    this.#options.note(`${formatModelId(artefact.model)}: ${choice.why}`)
    return choice
  }

  async #chooseIn(...given: ChoiceGrounds): Promise<GraphChoice> {
    const [directory, , { weightSharing }, { intraOpThreads }] = given
    try {
      const { originalLoadMs, comparisons, error = 'nothing was measured' } = await this.#recordOf(...given)
      const comparison = comparisons[intraOpThreads]
      if (comparison === undefined) return unprepared(error)
      return chooseGraph(join(directory, PREPARED_GRAPH), { originalLoadMs, ...comparison }, weightSharing)
    } catch (error) {
      return unprepared(messageOf(error))
    }
  }

  async #recordOf(
    ...[directory, artefact, settings, { intraOpThreads }]: ChoiceGrounds
  ): Promise<PreparedRecord> {
    const found = await readRecord(directory)
    if (found.kind === 'damaged') {
      this.#options.note(`${formatModelId(artefact.model)}: its prepared graph is made anew: ${found.reason}`)
    }
    const record = found.kind === 'valid' ? found.record : undefined
    if (record?.error !== undefined || record?.comparisons[intraOpThreads] !== undefined) return record
    const request = requestOf(artefact, settings, intraOpThreads)
    const limits = { modelBytes: artefact.modelBytes, timeoutMs: settings.startupTimeoutMs }
    if (record === undefined) return this.#prepare(directory, request, limits)
    const answer = await this.#options.run({ ...request, directory, isWritten: true }, limits)
    // What was measured with other numbers of threads stands.
    if (!answer.ok) throw new Error(answer.error)
    return writeRecord(directory, withComparison(record, intraOpThreads, answer))
  }

  /** Written beside its place and renamed: a prepared graph is whole or absent. */
  async #prepare(
    directory: string,
    request: Omit<PrepareRequest, 'directory' | 'isWritten'>,
    limits: Parameters<RunPreparation>[1],
  ): Promise<PreparedRecord> {
    const temporary = `${directory}.tmp`
    await rm(temporary, { recursive: true, force: true })
    await mkdir(dirname(directory), { recursive: true, mode: 0o700 })
    await mkdir(temporary, { mode: 0o700 })
    const answer = await this.#options.run({ ...request, directory: temporary, isWritten: false }, limits)
    if (!answer.ok) await removeContent(temporary)
    const files = await filesOf(temporary)
    const originalLoadMs = answer.ok ? (answer.originalLoadMs ?? 0) : 0
    const empty = { files, originalLoadMs, comparisons: {} }
    const record = await writeRecord(temporary, withComparison(empty, request.intraOpThreads, answer))
    await rm(directory, { recursive: true, force: true })
    await rename(temporary, directory)
    return record
  }

  #directoryOf({ modelDir, manifest }: Artefact, { graphOptimization }: VersionSettings): string {
    const key = JSON.stringify([manifest.model.serializedFile, graphOptimization, this.#options.environment])
    return join(preparedDirectory(modelDir), createHash('sha256').update(key).digest('hex').slice(0, 16))
  }
}

function unprepared(reason: string): GraphChoice {
  return { prepacks: true, why: `the graph could not be prepared: ${reason}` }
}

/** Where the prepared forms of an unpacked model are. */
export function preparedDirectory(modelDir: string): string {
  return `${modelDir}${PREPARED_SUFFIX}`
}

export const PREPARED_SUFFIX = '.prepared'

/** The original graph, where there is nothing to look further for. */
function originalChoice(
  { manifest, modelBytes }: Artefact,
  { weightSharing, optimizedGraphCache }: VersionSettings,
  { provider }: PlannedRuns,
): GraphChoice | undefined {
  const asItCame = (why: string) => ({ prepacks: true, why })
  if (manifest.model.serializedFile === undefined) return asItCame('the model has no graph')
  if (provider !== 'cpu') return asItCame(`graphs are prepared for the CPU, and this one runs on ${provider}`)
  if (weightSharing === 'never') return asItCame('weightSharing=never')
  if (!optimizedGraphCache) return { prepacks: weightSharing !== 'always', why: 'optimizedGraphCache=false' }
  const isSmall = modelBytes < MIN_MODEL_BYTES && weightSharing !== 'always'
  return isSmall ? asItCame(`the model is smaller than ${MIN_MODEL_BYTES} bytes`) : undefined
}

function requestOf(
  { modelDir, manifest }: Artefact,
  { graphOptimization, maxBatchRows }: VersionSettings,
  intraOpThreads: number,
): Omit<PrepareRequest, 'directory' | 'isWritten'> {
  return {
    source: join(modelDir, manifest.model.serializedFile ?? ''),
    intraOpThreads,
    ...(graphOptimization === undefined ? {} : { graphOptimization }),
    maxRows: maxBatchRows,
  }
}

function withComparison(record: PreparedRecord, threads: number, answer: Preparation): PreparedRecord {
  if (!answer.ok) return { ...record, error: answer.error }
  const { prepackedLoadMs, plainLoadMs, runs } = answer
  const comparisons = { ...record.comparisons, [threads]: { prepackedLoadMs, plainLoadMs, runs } }
  return { ...record, comparisons }
}

async function removeContent(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true })
  await mkdir(directory, { mode: 0o700 })
}
