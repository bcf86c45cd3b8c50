import { checkFeeds } from '../contract/check-feeds.ts'
import type { BatchTiming } from '../contract/messages.ts'
import { requestRows } from '../contract/request-rows.ts'
import type { Tensor } from '../contract/tensor.ts'
import type { Feeds, Handler, HandlerContext, Outputs } from '../handler.ts'
import type { BatchMember, Stage } from './batch-member.ts'
import type { BatchEngine } from './engine.ts'
import type { Way, WayResult } from './way.ts'

export type Steps = Required<Pick<Handler, 'preprocess' | 'postprocess'>>

export type PipelineOptions = {
  readonly steps: Steps
  readonly context: HandlerContext
  readonly engine: BatchEngine
  /** Rows that a request may bring; absent: any number. */
  readonly maxRequestRows?: number | undefined
}

/** Members whose preprocess has succeeded, in the order of the batch. */
export type Fed = { readonly member: BatchMember; readonly feeds: readonly Tensor[] }

/** Members that came out of the engine, with their rows of its outputs. */
export type Ran = {
  readonly outputsOf: ReadonlyMap<BatchMember, Outputs>
  readonly rows: number
  readonly rowsOfRuns: readonly number[]
  readonly waitMs: number
}

/** The usual way of a batch: each request's preprocess, the engine for all, each request's postprocess. */
export class Pipeline implements Way {
  readonly #options: PipelineOptions

  constructor(options: PipelineOptions) {
    this.#options = options
  }

  async run(members: readonly BatchMember[]): Promise<WayResult> {
    const startedAtMs = performance.now()
    const fed = await this.preprocess(members)
    const fedAtMs = performance.now()
    const { outputsOf, rows, rowsOfRuns, waitMs } = await this.infer(fed)
    const ranAtMs = performance.now()
    await this.postprocess(outputsOf)
    const timing = {
      preprocessMs: fedAtMs - startedAtMs,
      inferenceMs: ranAtMs - fedAtMs - waitMs,
      postprocessMs: performance.now() - ranAtMs,
      rows,
      ...runsOf(rowsOfRuns),
      ...waitOf(waitMs),
    }
    return { members, timing }
  }

  async preprocess(members: readonly BatchMember[]): Promise<readonly Fed[]> {
    const { steps, context, engine, maxRequestRows } = this.#options
    const fedOf = new Array<Fed | undefined>(members.length)
    await forEachMember(members, 'preprocess', (member) => steps.preprocess(member.request, context), {
      // Asynchronous handlers finish in any order; the batch keeps that of the requests.
      done: (member, given, index) => {
        const feeds = checkFeeds(context.inputs, tensorsFromFeeds(given))
        member.rows = requestRows(feeds, { hasRows: engine.batches, maxRequestRows })
        fedOf[index] = { member, feeds }
      },
    })
    return fedOf.filter((fed) => fed !== undefined)
  }

  async infer(fed: readonly Fed[]): Promise<Ran> {
    const { outcomes, ...ran } = await this.#options.engine.run(fed.map(({ feeds }) => feeds))
    const outputsOf = new Map<BatchMember, Outputs>()
    for (const [index, { member }] of fed.entries()) {
      const outcome = outcomes[index]
      if (outcome?.ok === true) outputsOf.set(member, outputsFromTensors(outcome.outputs))
      else member.fail(outcome?.error, 'inference')
    }
    return { outputsOf, ...ran }
  }

  async postprocess(outputsOf: Ran['outputsOf']): Promise<void> {
    const { steps, context } = this.#options
    await forEachMember(
      [...outputsOf.keys()],
      'postprocess',
      (member) => steps.postprocess(outputsOf.get(member) ?? {}, member.request, context),
      { done: (member, answer) => member.answer(answer, 'postprocess') },
    )
  }
}

/** The engine calls as they are reported: their rows only where the sum does not say it. */
export function runsOf(rowsOfRuns: readonly number[]): Pick<BatchTiming, 'runs' | 'rowsOfRuns'> {
  const runs = rowsOfRuns.length
  return runs > 1 ? { runs, rowsOfRuns } : { runs }
}

export function waitOf(waitMs: number): Pick<BatchTiming, 'waitMs'> {
  return waitMs > 0 ? { waitMs } : {}
}

/** Runs a step for each member, overlapping where it is asynchronous; a throw fails its member only. */
async function forEachMember<T>(
  members: readonly BatchMember[],
  stage: Stage,
  step: (member: BatchMember) => T | Promise<T>,
  { done }: { readonly done: (member: BatchMember, value: T, index: number) => void },
): Promise<void> {
  const pending: Promise<void>[] = []
  for (const [index, member] of members.entries()) {
    try {
      const value = step(member)
      if (isPromise(value)) {
        pending.push(
          value
            .then((settled) => {
              done(member, settled, index)
            })
            .catch((error: unknown) => {
              member.fail(error, stage)
            }),
        )
      } else done(member, value, index)
    } catch (error) {
      member.fail(error, stage)
    }
  }
  // Synchronous steps, the hot path, must not pay for a turn of the event loop.
  if (pending.length > 0) await Promise.all(pending)
}

export function tensorsFromFeeds(feeds: Feeds): readonly Tensor[] {
  if (isTensorList(feeds)) return feeds
  return Object.entries(feeds).map(([name, feed]) => ({ ...feed, name }))
}

export function outputsFromTensors(tensors: readonly Tensor[]): Outputs {
  // Without a prototype, an output may have any name.
  const outputs = Object.create(null) as Record<string, Tensor> // an empty record
  for (const tensor of tensors) outputs[tensor.name] = tensor
  return outputs
}

function isTensorList(feeds: Feeds): feeds is readonly Tensor[] {
  return Array.isArray(feeds)
}

function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
