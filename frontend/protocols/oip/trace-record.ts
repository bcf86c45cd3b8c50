import type { RequestFinished } from '../../core/events.ts'

/** When something happened to a request, on a clock that never jumps. */
export type Timestamp = { readonly name: string; readonly ns: number }

/** A traced request, in the words of Triton's trace files. */
export type TraceRecord = {
  readonly id: number
  readonly model_name: string
  readonly model_version: string
  readonly request_id: string
  /** Why it failed; absent on success. */
  readonly error?: string
  readonly timestamps: readonly Timestamp[]
}

const NS_PER_MS = 1e6

/**
 * What is known of a request's time when it has ended. Without times of a batch it was never run.
 *
 * @param endMs when it ended
 */
export function traceRecord(id: number, request: RequestFinished, endMs: number): TraceRecord {
  const { model, requestId, code } = request
  return {
    id,
    model_name: model.name,
    model_version: model.version,
    request_id: requestId,
    ...(code === undefined ? {} : { error: code }),
    timestamps: moments(request, endMs).map(([name, atMs]) => ({ name, ns: Math.round(atMs * NS_PER_MS) })),
  }
}

function moments({ totalMs, queueMs, batch }: RequestFinished, endMs: number): [string, number][] {
  const startMs = endMs - totalMs
  const computeMs = startMs + queueMs
  const computed: [string, number][] =
    batch === undefined
      ? []
      : [
          ['COMPUTE_START', computeMs],
          ['COMPUTE_INPUT_END', computeMs + batch.preprocessMs],
          ['COMPUTE_OUTPUT_START', computeMs + batch.preprocessMs + batch.inferenceMs],
          ['COMPUTE_END', computeMs + batch.preprocessMs + batch.inferenceMs + batch.postprocessMs],
        ]
  return [['REQUEST_START', startMs], ['QUEUE_START', startMs], ...computed, ['REQUEST_END', endMs]]
}
