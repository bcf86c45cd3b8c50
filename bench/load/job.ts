/** What the load generator is asked to do: a closed loop, each connection sends when its last answer is there. */
export type LoadJob = {
  readonly port: number
  readonly path: string
  /** JSON bodies, sent in turn. */
  readonly bodies: readonly string[]
  readonly connections: number
  readonly warmUpMs: number
  readonly measureMs: number
}

export type LoadResult = {
  readonly requests: number
  /** Answers other than 200; a run with any is not a measurement. */
  readonly failures: number
  readonly firstFailure?: string
  readonly elapsedMs: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/** `measuring` marks the end of the warm-up: now the processes' counters are to be read. */
export type LoadMessage =
  | { readonly kind: 'measuring' }
  | { readonly kind: 'result'; readonly result: LoadResult }
  | { readonly kind: 'broken'; readonly message: string }
