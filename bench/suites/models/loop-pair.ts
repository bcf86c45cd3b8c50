import { availableParallelism } from 'node:os'
import type { Tensor } from '../../../worker/contract/tensor.ts'
import { SessionLoop, type LoopJob, type LoopResult } from '../../contenders/session-loop.ts'
import { median } from '../../load/percentile.ts'
import { bestBatch, type SweepPoint } from './best-batch.ts'

export type { SweepPoint }

export type LoopRun = LoopResult & {
  readonly isSpinning: boolean
  /** Of this loop, one a round. */
  readonly runs: readonly LoopResult[]
}

/**
 * The `session.run` loop with as many threads as a server's only worker has, once with threads that spin between runs
 * and once without: which is faster depends on the model and on who else needs the cores, and the server is compared
 * with the faster one.
 */
export class LoopPair {
  readonly #loops: readonly {
    readonly isSpinning: boolean
    readonly loop: SessionLoop
    readonly runs: LoopResult[]
  }[]

  constructor(modelPath: string, row: readonly Tensor[]) {
    this.#loops = [true, false].map((isSpinning) => ({
      isSpinning,
      loop: new SessionLoop({ modelPath, intraOpThreads: availableParallelism(), isSpinning, row }),
      runs: [],
    }))
  }

  /** How fast each size of batch is, the faster loop's figure. */
  async sweep(
    batchRows: readonly number[],
    durationMs: number,
  ): Promise<{ readonly sweep: readonly SweepPoint[]; readonly best: number }> {
    const sweep: SweepPoint[] = []
    for (const rows of batchRows) {
      const rates: number[] = []
      for (const { loop } of this.#loops) rates.push((await loop.run({ rows, durationMs })).rowsPerSecond)
      sweep.push({ rows, rowsPerSecond: Math.max(...rates) })
    }
    return { sweep, best: bestBatch(sweep) }
  }

  /** Half of the time each. */
  async run({ rows, durationMs }: LoopJob): Promise<void> {
    for (const { loop, runs } of this.#loops) runs.push(await loop.run({ rows, durationMs: durationMs / 2 }))
  }

  /** The medians of the loop whose median is higher. */
  faster(): LoopRun {
    const medians = this.#loops.map(({ isSpinning, runs }) => ({
      isSpinning,
      runs,
      rowsPerSecond: median(runs.map((run) => run.rowsPerSecond)),
      cpuMicrosPerRow: median(runs.map((run) => run.cpuMicrosPerRow)),
    }))
    return medians.reduce((best, each) => (each.rowsPerSecond > best.rowsPerSecond ? each : best))
  }

  async close(): Promise<void> {
    await Promise.all(this.#loops.map(({ loop }) => loop.close()))
  }
}
