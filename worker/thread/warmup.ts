import { ARRAY_OF } from '../contract/data-type.ts'
import { messageOf } from '../contract/errors.ts'
import {
  elementCount,
  formatShape,
  isVariable,
  type Tensor,
  type TensorMetadata,
} from '../contract/tensor.ts'
import type { TimedRun } from '../contract/messages.ts'
import type { HandlerLogger } from '../handler.ts'
import type { Session } from './session.ts'

/** Above this the feeds of a warm-up cost more than they save. */
const MAX_WARM_UP_ELEMENTS = 32 * 1024 * 1024
/** A first run that took longer is not repeated, and tells nothing: it may have compiled kernels for most of its time. */
const MAX_REPEATED_MS = 1000

export type WarmUpOptions = {
  /** Rows of the largest run that will come; 1 when the graph takes one request at a time. */
  readonly maxRows: number
  readonly log: HandlerLogger
  readonly nowMs?: () => number
}

/**
 * Runs the graph on zeros, with one row and with as many as a batch may have, so that the first requests meet
 * compiled kernels and a memory arena of the right size.
 *
 * Zeros, and 1 for the sizes that the graph leaves open, are guesses: a graph that refuses them is loaded all the
 * same, and the log says why it is not warm.
 *
 * @returns what a warm run of each size took; the first predictions of how long requests wait rest on it
 */
export async function warmUp(
  session: Session,
  { maxRows, log, nowMs = () => performance.now() }: WarmUpOptions,
): Promise<TimedRun[]> {
  const timed: TimedRun[] = []
  for (const rows of new Set([1, maxRows])) {
    const shapes = session.inputs.map((input) => warmUpShape(input, rows))
    const elements = shapes.reduce((sum, shape) => sum + elementCount(shape), 0)
    const tried = `warm-up with ${session.inputs.map(({ name }, i) => `'${name}' ${formatShape(shapes[i] ?? [])}`).join(', ')}`
    if (elements > MAX_WARM_UP_ELEMENTS) {
      log.info(`${tried} was left out: it is over ${MAX_WARM_UP_ELEMENTS} elements`)
      continue
    }
    try {
      const feeds = zeroFeeds(session, rows)
      const coldMs = await timeOf(session, feeds, nowMs)
      if (coldMs <= MAX_REPEATED_MS) timed.push({ rows, ms: await timeOf(session, feeds, nowMs) })
    } catch (error) {
      log.warn(`${tried} was refused by the graph`, { error: messageOf(error) })
    }
  }
  return timed
}

async function timeOf(session: Session, feeds: readonly Tensor[], nowMs: () => number): Promise<number> {
  const startedAtMs = nowMs()
  await session.run(feeds)
  return nowMs() - startedAtMs
}

/** Feeds of zeros; sizes that the graph leaves open are `rows` in dimension 0, else 1. */
export function zeroFeeds({ inputs }: Pick<Session, 'inputs'>, rows: number): Tensor[] {
  return inputs.map((input) => zeros(input, warmUpShape(input, rows)))
}

/** `rows` for a variable dimension 0, 1 for other variable dimensions. */
export function warmUpShape({ shape }: TensorMetadata, rows: number): number[] {
  return shape.map((dimension, axis) => {
    if (typeof dimension === 'number' && !isVariable(dimension)) return dimension
    return axis === 0 ? rows : 1
  })
}

function zeros({ name, dtype }: TensorMetadata, shape: readonly number[]): Tensor {
  const length = elementCount(shape)
  if (dtype === 'BYTES') return { name, dtype, shape, data: new Array<string>(length).fill('') }
  return { name, dtype, shape, data: new ARRAY_OF[dtype](length) } as Tensor // data was made from dtype's own constructor
}
