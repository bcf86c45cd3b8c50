import type { DataPlane, ModelSelector } from '../../core/data-plane.ts'

/** A describing call: its parameters, and who asks. */
export type DescribeCall = {
  /** Without its `?`. */
  readonly query: string
  readonly requestId: string
  /** Aborts when the caller goes away. */
  readonly signal: AbortSignal
}

/**
 * What the handler says of itself; `{}` when it says nothing, or no JSON object.
 *
 * @throws ServingError as a prediction does: without a worker there is nobody to ask
 */
export async function customizedMetadata(
  dataPlane: DataPlane,
  model: ModelSelector,
  { requestId, signal }: DescribeCall,
): Promise<object> {
  const admitted = dataPlane.admit({
    requestId,
    model,
    operation: 'describe',
    headers: { describe: 'True' },
    signal,
  })
  const { payload } = await admitted.run({ kind: 'parts', parts: [] })
  if (payload.kind !== 'bytes') return {}
  return objectOf(Buffer.from(payload.bytes).toString())
}

function objectOf(text: string): object {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {}
  } catch {
    return {} // a handler may describe itself in a plain text, which has no place here
  }
}
