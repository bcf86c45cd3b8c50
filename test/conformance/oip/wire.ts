/** The V2 protocol as the assertions use it that are about time, order and rights, and not about messages. */
export interface OipWire {
  infer(call: InferCall): Promise<Ending>
  /** @param config of the model, in Triton's words */
  load(name: string, config?: object): Promise<Ending>
  unload(name: string): Promise<Ending>
  /** Rows of one engine call, as the configuration of the model says. */
  maxBatchSize(name: string): Promise<number>
  statistics(name: string): Promise<WireStatistics>
  isReady(): Promise<boolean>
  close(): void
}

export type InferCall = {
  readonly model: string
  /** Of `INPUT0`, FP32; absent: one row, one column. */
  readonly shape?: readonly number[]
  readonly data: readonly number[]
  readonly timeoutMicroseconds?: number
  readonly signal?: AbortSignal
}

export type WireAddress = {
  readonly inference: string
  /** `host:port`. */
  readonly grpcInference: string
  /** Of all calls. */
  readonly token?: string
}

/** `ok`, or how it failed in gRPC's words; `data` of the first output. */
export type Ending = { readonly is: string; readonly data: readonly number[] }

export type WireStatistics = {
  readonly rows: number
  readonly executions: number
  readonly failures: number
}

export const succeeded = (data: readonly number[] = []): Ending => ({ is: 'ok', data })
export const failed = (is: string): Ending => ({ is, data: [] })
export const authorization = ({ token }: WireAddress): Record<string, string> =>
  token === undefined ? {} : { authorization: `Bearer ${token}` }

type ModelStatistics = {
  readonly inference_count: number
  readonly execution_count: number
  readonly inference_stats: { readonly fail: { readonly count: number } }
}

/** @param answer with `model_stats`, which has one version */
export function statisticsFrom(answer: object): WireStatistics {
  const [stats] = (answer as { readonly model_stats: [ModelStatistics] }).model_stats
  return {
    rows: stats.inference_count,
    executions: stats.execution_count,
    failures: stats.inference_stats.fail.count,
  }
}
