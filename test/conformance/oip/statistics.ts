import type { OipServer } from './oip-server.ts'

type Counts = { readonly count: number }

export type ModelStatistics = {
  readonly inference_count: number
  readonly execution_count: number
  readonly inference_stats: { readonly success: Counts; readonly fail: Counts }
  readonly batch_stats: readonly { readonly batch_size: number; readonly compute_infer: Counts }[]
  readonly queue_depth: number
}

/** Of a model with one version. */
export async function statistics(server: OipServer, model: string): Promise<ModelStatistics> {
  const { text } = await server.ask(`/v2/models/${model}/stats`)
  return statisticsFrom(text)
}

/** Resolves when so many requests wait for a worker. */
export async function untilWaiting(server: OipServer, model: string, requests: number): Promise<void> {
  await server.until(`/v2/models/${model}/stats`, ({ text }) => statisticsFrom(text).queue_depth === requests)
}

function statisticsFrom(text: string): ModelStatistics {
  const [version] = (JSON.parse(text) as { model_stats: [ModelStatistics] }).model_stats
  return version
}
