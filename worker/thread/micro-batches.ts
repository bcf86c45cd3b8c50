import type { MicroBatching } from '../contract/messages.ts'
import type { BatchMember } from './batch-member.ts'
import { runsOf, waitOf, type Pipeline } from './pipeline.ts'
import { Slots } from './slots.ts'
import type { Way, WayResult } from './way.ts'

/** TorchServe's. */
const DEFAULT_MICRO_BATCH_ROWS = 1

/**
 * The usual way in parts: while the engine runs one, the next is preprocessed and the last postprocessed.
 *
 * It pays where these steps are asynchronous, for example images that are decoded on other threads: the engine
 * blocks this one. A part takes its requests in order; a request counts as one row, however many it brings.
 */
export class MicroBatches implements Way {
  readonly #pipeline: Pipeline
  readonly #rows: number
  readonly #preprocess: Slots
  readonly #inference: Slots
  readonly #postprocess: Slots

  constructor(
    pipeline: Pipeline,
    { microBatchRows = DEFAULT_MICRO_BATCH_ROWS, parallelism = {} }: MicroBatching,
  ) {
    this.#pipeline = pipeline
    this.#rows = microBatchRows
    this.#preprocess = new Slots(parallelism.preprocess ?? 1)
    this.#inference = new Slots(parallelism.inference ?? 1)
    this.#postprocess = new Slots(parallelism.postprocess ?? 1)
  }

  async run(members: readonly BatchMember[]): Promise<WayResult> {
    if (members.length <= this.#rows) return this.#pipeline.run(members)
    const startedAtMs = performance.now()
    const total: Total = { inferenceMs: 0, waitMs: 0, rows: 0, rowsOfRuns: [], inferredAtMs: startedAtMs }
    await Promise.all(
      partsOf(members, this.#rows).map(async (part) => {
        const fed = await this.#preprocess.use(() => this.#pipeline.preprocess(part))
        const { outputsOf, rows, rowsOfRuns } = await this.#inference.use(async () => {
          const fedAtMs = performance.now()
          const ran = await this.#pipeline.infer(fed)
          total.inferredAtMs = performance.now()
          total.inferenceMs += total.inferredAtMs - fedAtMs - ran.waitMs
          total.waitMs += ran.waitMs
          return ran
        })
        total.rows += rows
        total.rowsOfRuns.push(...rowsOfRuns)
        await this.#postprocess.use(() => this.#pipeline.postprocess(outputsOf))
      }),
    )
    return { members, timing: timingOf(startedAtMs, total) }
  }
}

type Total = {
  inferenceMs: number
  waitMs: number
  rows: number
  readonly rowsOfRuns: number[]
  inferredAtMs: number
}

/** Time in which the engine ran counts for it alone, what overlapped it was free: the three add up to what passed. */
function timingOf(
  startedAtMs: number,
  { inferenceMs, waitMs, rows, rowsOfRuns, inferredAtMs }: Total,
): WayResult['timing'] {
  return {
    preprocessMs: Math.max(0, inferredAtMs - startedAtMs - inferenceMs - waitMs),
    inferenceMs,
    postprocessMs: performance.now() - inferredAtMs,
    rows,
    ...runsOf(rowsOfRuns),
    ...waitOf(waitMs),
  }
}

function partsOf(members: readonly BatchMember[], size: number): BatchMember[][] {
  const parts: BatchMember[][] = []
  for (let start = 0; start < members.length; start += size) parts.push(members.slice(start, start + size))
  return parts
}
