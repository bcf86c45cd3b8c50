import type { BatchRequest } from '../../worker/contract/messages.ts'
import type { Sample } from './samples.ts'

/** A sample whose rows are known: a worker has counted them. */
export type MeasuredSample = Sample & { readonly rows: number }

export type SampleBatch = {
  readonly requests: readonly BatchRequest[]
  readonly samples: readonly Sample[]
  readonly rows: number
}

/** Far beyond any measurement: no replayed request ends by its deadline. */
const REMAINING_MS = 3_600_000

/** Batches of samples, one after the other and round again, so that every batch size sees the same mixture. */
export class SampleBatches {
  readonly #samples: readonly MeasuredSample[]
  #next = 0

  constructor(samples: readonly MeasuredSample[]) {
    this.#samples = samples
  }

  /** The next samples that fit into `maxRows` together; a larger one goes alone, as it would be served. */
  take(maxRows: number): SampleBatch {
    const samples: MeasuredSample[] = []
    let rows = 0
    for (;;) {
      const sample = this.#samples[this.#next % this.#samples.length]
      if (sample === undefined || (samples.length > 0 && rows + sample.rows > maxRows)) break
      samples.push(sample)
      rows += sample.rows
      this.#next++
      if (rows >= maxRows) break
    }
    return { samples, rows, requests: samples.map((sample, index) => requestOf(sample, index)) }
  }
}

export function requestOf({ payload }: Sample, index: number): BatchRequest {
  return { id: `sample-${index}`, headers: {}, remainingMs: REMAINING_MS, payload }
}
