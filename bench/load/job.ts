/** What the load generator is asked to do. */
export type LoadJob = {
  readonly port: number
  /** Sent in turn. */
  readonly requests: readonly LoadRequest[]
  readonly loop: ClosedLoop | OpenLoop
  readonly warmUpMs: number
  readonly measureMs: number
  /** Of an open loop: also tells what happened in each such part of the measurement. */
  readonly windowMs?: number
}

export type LoadRequest = {
  /** `POST` unless it says otherwise. */
  readonly method?: string
  readonly path: string
  /** `Host` and `Content-Length` are added. */
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
}

/** Each connection sends when its last answer is there, and `pauseMs` later if that is given. */
export type ClosedLoop = {
  readonly kind: 'closed'
  readonly connections: number
  readonly pauseMs?: number
}

/**
 * Requests arrive at times that do not depend on the answers, as those of many clients do. A latency counts from the
 * time the request was due, so that a server that stands still is charged for all who wait meanwhile.
 */
export type OpenLoop = {
  readonly kind: 'open'
  readonly requestsPerSecond: number
  /** Equal gaps, or exponential ones with `requestsPerSecond` on average. */
  readonly arrivals: 'even' | 'exponential'
  /** Of the exponential gaps: the same seed, the same times. */
  readonly seed: number
  /** Opened when all others are busy; a request that finds none free waits, and its clock runs. */
  readonly maxConnections: number
}

export type LoadResult = {
  /** Answers within the measurement, of any status. */
  readonly requests: number
  /** Answers by status. */
  readonly statuses: Readonly<Record<string, number>>
  /** Of answers with a status of 2xx. */
  readonly accepted: Latencies
  /** Of all other answers. */
  readonly refused: Latencies
  /** The start of the first answer that is not 2xx. */
  readonly firstRefusal?: string
  /** Connections that ended in the middle of a request: it has no answer. */
  readonly broken: number
  /** Due within the measurement and still without an answer at its end. */
  readonly unanswered: number
  readonly elapsedMs: number
  /** How late requests were sent, of an open loop: the generator's own share of the latencies. */
  readonly sentLateP99Ms: number
  /** Processor time of the generator's process. */
  readonly generatorCpuMs: number
  /** In order of time; none of a job that asks for none. */
  readonly windows?: readonly LoadWindow[]
}

/** Of requests that were due within it. */
export type LoadWindow = {
  /** Since the start of the measurement. */
  readonly fromMs: number
  readonly accepted: Latencies
  readonly refused: number
}

export type Latencies = {
  readonly count: number
  readonly p50Ms: number
  readonly p90Ms: number
  readonly p99Ms: number
  readonly p999Ms: number
  readonly maxMs: number
}

export type LoadCommand = { readonly kind: 'run'; readonly job: LoadJob } | { readonly kind: 'stop' }

/** `measuring` marks the end of the warm-up: now the processes' counters are to be read. */
export type LoadMessage =
  | { readonly kind: 'measuring' }
  | { readonly kind: 'result'; readonly result: LoadResult }
  | { readonly kind: 'broken'; readonly message: string }
