import type { Tensor } from '../contract/tensor.ts'
import type { BatchEngine, EngineOutcome, EngineResult } from './engine.ts'
import type { PaddedFeeds, Padder } from './padder.ts'

/** An engine whose members are padded before they run, so that more of them share a call. */
export class PaddedEngine implements BatchEngine {
  readonly #engine: BatchEngine
  readonly #padder: Padder

  constructor(engine: BatchEngine, padder: Padder) {
    this.#engine = engine
    this.#padder = padder
  }

  get batches(): boolean {
    return this.#engine.batches
  }

  async run(members: readonly (readonly Tensor[])[]): Promise<EngineResult> {
    const padded = members.map((feeds) => this.#padder.pad(feeds))
    const result = await this.#engine.run(padded.map(({ feeds }) => feeds))
    const outcomes = result.outcomes.map((outcome, index) => this.#cropped(outcome, padded[index]))
    return { ...result, outcomes }
  }

  release(): Promise<void> {
    return this.#engine.release()
  }

  #cropped(outcome: EngineOutcome, padded: PaddedFeeds | undefined): EngineOutcome {
    if (!outcome.ok || padded === undefined) return outcome
    return { ok: true, outputs: this.#padder.crop(outcome.outputs, padded) }
  }
}
