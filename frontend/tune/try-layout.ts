import { messageOf, ServingError } from '../../worker/contract/errors.ts'
import type { TensorMetadata } from '../../worker/contract/tensor.ts'
import type { Trial } from './choose.ts'
import { isHopeless, type Combination, type Layout } from './combinations.ts'
import { LiveWorkers, type LiveOptions } from './live-workers.ts'
import type { Replay } from './replay.ts'
import type { MeasuredSample } from './sample-batches.ts'
import type { Sample } from './samples.ts'

/** One line of the table: what was measured, or why nothing was. */
export type TrialRow = {
  readonly combination: Combination
  readonly trial?: Trial
  readonly reason?: string
}

export type TryOptions = {
  readonly batchRows: readonly number[]
  readonly durationMs: number
  readonly samples: readonly Sample[]
  readonly signal: AbortSignal
}

/** Each size is measured so often; every other round goes from large to small, so that drift hits all alike. */
const ROUNDS = 3
const WARM_UP_SHARE = 0.25

/**
 * Tries every batch size on workers in one layout.
 *
 * What cannot run is a row with its reason; only a sample that the model refuses, and an interruption, end it all.
 *
 * @throws ServingError `invalid_argument` naming the sample
 */
export async function tryLayout(
  live: LiveOptions,
  layout: Layout,
  options: TryOptions,
): Promise<readonly TrialRow[]> {
  const rows = new Map<number, TrialRow>()
  const note = (batchRows: number, reason: string) =>
    rows.set(batchRows, { combination: { ...layout, batchRows }, reason })
  let workers: LiveWorkers | undefined
  try {
    workers = await LiveWorkers.start(live, layout, Math.max(...options.batchRows))
    const samples = await workers.count(options.samples, options.signal)
    const sizes = options.batchRows.filter((size) => {
      const reason = whyNotBatched(size, workers?.report?.inputs ?? [])
      if (reason !== undefined) note(size, reason)
      return reason === undefined
    })
    for (const [size, trial] of await measureSizes(workers, layout, { ...options, samples, sizes, note })) {
      rows.set(size, { combination: trial.combination, trial })
    }
  } catch (error) {
    options.signal.throwIfAborted()
    if (error instanceof ServingError && error.code === 'invalid_argument') throw error
    for (const size of options.batchRows) if (!rows.has(size)) note(size, messageOf(error))
  } finally {
    await workers?.stop()
  }
  return options.batchRows.flatMap((size) => rows.get(size) ?? [])
}

/** A graph whose first dimension is a number takes just so many rows. */
function whyNotBatched(rows: number, inputs: readonly TensorMetadata[]): string | undefined {
  const fixed = inputs.map(({ shape }) => shape[0]).find((size) => typeof size === 'number' && size > 0)
  return fixed === undefined || fixed === rows
    ? undefined
    : `the graph takes ${fixed} rows, no more, no fewer`
}

type Measuring = Omit<TryOptions, 'samples'> & {
  readonly samples: readonly MeasuredSample[]
  readonly sizes: readonly number[]
  readonly note: (batchRows: number, reason: string) => void
}

async function measureSizes(
  workers: LiveWorkers,
  layout: Layout,
  { durationMs, samples, sizes, signal, note }: Measuring,
): Promise<ReadonlyMap<number, Trial>> {
  const rounds = new Map<number, Replay[]>()
  const memory = new Map<number, number>()
  const measure = async (batchRows: number) => {
    const round = await workers.replay(samples, { batchRows, durationMs: durationMs / ROUNDS, signal })
    rounds.set(batchRows, [...(rounds.get(batchRows) ?? []), round])
    memory.set(batchRows, memory.get(batchRows) ?? workers.privateBytes)
    return round
  }
  const growing: number[] = []
  for (const batchRows of sizes) {
    if (isHopeless(growing)) {
      note(batchRows, 'not tried: smaller batches were faster already')
      continue
    }
    await workers.replay(samples, { batchRows, durationMs: WARM_UP_SHARE * durationMs, signal })
    growing.push((await measure(batchRows)).requestsPerSecond)
  }
  const tried = [...rounds.keys()]
  for (let round = 1; round < ROUNDS; round++) {
    for (const batchRows of round % 2 === 1 ? tried.toReversed() : tried) await measure(batchRows)
  }
  return new Map(
    tried.map((batchRows) => [
      batchRows,
      {
        combination: { ...layout, batchRows },
        ...summaryOf(rounds.get(batchRows) ?? []),
        privateBytes: memory.get(batchRows) ?? 0,
      },
    ]),
  )
}

/** The round of the middle throughput stands for all. */
export function summaryOf(rounds: readonly Replay[]): Pick<Trial, 'replay' | 'spread'> {
  const sorted = rounds.toSorted((a, b) => a.requestsPerSecond - b.requestsPerSecond)
  const middle = sorted[Math.floor(sorted.length / 2)]
  if (middle === undefined) throw new Error('a trial has at least one round')
  const [least = middle] = sorted
  const most = sorted.at(-1) ?? middle
  return {
    replay: middle,
    spread: (most.requestsPerSecond - least.requestsPerSecond) / middle.requestsPerSecond,
  }
}
