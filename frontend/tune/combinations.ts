import type { ExecutionProvider } from '../../worker/contract/messages.ts'

/** How workers are laid out; every batch size is tried on each layout. */
export type Layout = {
  readonly provider: ExecutionProvider
  readonly workers: number
  /** Of each worker's session. */
  readonly intraOpThreads: number
}

export type Combination = Layout & { readonly batchRows: number }

export type Choices = {
  readonly providers: readonly ExecutionProvider[]
  /** Absent: powers of two up to the CPUs. */
  readonly workers: readonly number[] | undefined
  /** Absent: powers of two up to the CPUs that a worker has for itself. */
  readonly intraOpThreads: readonly number[] | undefined
  readonly cpus: number
}

/**
 * The layouts to try, the server's own first.
 *
 * More threads than CPUs slow each other down (two workers of two threads on two CPUs did 56 % of two with one each,
 * onnxruntime-node 1.30.0): without both lists given, such layouts are left out. A GPU's sessions leave the CPU's
 * threads idle: there one thread is tried.
 */
export function layoutsToTry(choices: Choices, present: Layout): readonly Layout[] {
  const layouts = choices.providers.flatMap((provider) => layoutsOn(provider, choices))
  return [present, ...layouts.filter((layout) => !isSame(layout, present))]
}

function layoutsOn(provider: ExecutionProvider, { workers, intraOpThreads, cpus }: Choices): Layout[] {
  const threadsTried = provider === 'cpu' ? (intraOpThreads ?? powersOfTwo(cpus)) : (intraOpThreads ?? [1])
  const isAsked = workers !== undefined && intraOpThreads !== undefined
  return (workers ?? powersOfTwo(cpus)).flatMap((count) =>
    threadsTried
      .filter((threads) => isAsked || provider !== 'cpu' || count * threads <= cpus)
      .map((threads) => ({ provider, workers: count, intraOpThreads: threads })),
  )
}

function isSame(a: Layout, b: Layout): boolean {
  return a.provider === b.provider && a.workers === b.workers && a.intraOpThreads === b.intraOpThreads
}

/** 1, 2, 4 … up to `max`, which is always among them. */
export function powersOfTwo(max: number): number[] {
  const powers: number[] = []
  for (let power = 1; power < max; power *= 2) powers.push(power)
  return [...powers, max]
}

/** Below this share of the layout's best, larger batches are not tried on it. */
const HOPELESS_SHARE = 0.85

/** Whether what was measured so far, by growing batches, says that larger ones cannot win. */
export function isHopeless(requestsPerSecond: readonly number[]): boolean {
  const last = requestsPerSecond.at(-1)
  return last !== undefined && last < HOPELESS_SHARE * Math.max(...requestsPerSecond)
}
