import type { Tensor, TensorMetadata } from '../../worker/contract/tensor.ts'
import type { Session } from '../../worker/thread/session.ts'

/**
 * A graph `y` = `run(x)` in plain JavaScript, FP32. By default `y` = -`x`, and any 13 among the values makes a run fail.
 */
export class FakeSession implements Session {
  readonly inputs: readonly TensorMetadata[]
  readonly outputs: readonly TensorMetadata[]
  /** Shapes of `x` of every run so far. */
  readonly runs: (readonly number[])[] = []
  isReleased = false
  readonly #outputShape: (rows: readonly number[]) => readonly number[]

  constructor(
    shape: TensorMetadata['shape'] = ['batch', 2],
    outputShape: (shape: readonly number[]) => readonly number[] = (given) => given,
  ) {
    this.inputs = [{ name: 'x', dtype: 'FP32', shape }]
    this.outputs = [{ name: 'y', dtype: 'FP32', shape }]
    this.#outputShape = outputShape
  }

  async run([x]: readonly Tensor[]): Promise<readonly Tensor[]> {
    if (x?.dtype !== 'FP32') throw new Error('x is missing')
    this.runs.push(x.shape)
    if (x.data.includes(13)) throw new Error('13 is unlucky')
    const shape = this.#outputShape(x.shape)
    const length = shape.reduce((product, dimension) => product * dimension, 1)
    return [{ name: 'y', dtype: 'FP32', shape, data: x.data.map((value) => -value).slice(0, length) }]
  }

  async release(): Promise<void> {
    this.isReleased = true
  }
}
