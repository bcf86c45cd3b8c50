import type { LoadResult } from './job.ts'

/** A load that has begun. */
export interface Loop {
  /** Rejects when nothing listens any more. */
  readonly broken: Promise<never>
  /** What came before was the warm-up. Resolves when the measurement has begun. */
  startMeasuring(): Promise<void>
  /** Ends the measurement, and waits a little for the answers that count. */
  result(): Promise<LoadResult>
  close(): void
}
