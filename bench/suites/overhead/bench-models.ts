import { mlp } from '../../../test/support/models.ts'
import { seededRandom } from '../../../test/support/random.ts'

export type BenchModel = {
  readonly name: string
  /** Sizes of its layers, as the report names it. */
  readonly layers: readonly number[]
  readonly onnx: Uint8Array
  /** One row each. */
  readonly rows: readonly Float32Array[]
}

const ROWS = 16
const DECIMALS = 4

export function benchModels(): BenchModel[] {
  return [benchModel('tiny', [4, 16, 3]), benchModel('mid', [784, 512, 512, 10])]
}

function benchModel(name: string, layers: readonly number[]): BenchModel {
  const random = seededRandom(1)
  const row = () => Float32Array.from({ length: layers[0] ?? 0 }, () => random())
  return { name, layers, onnx: mlp(layers), rows: Array.from({ length: ROWS }, row) }
}

/** The row as clients write it, in so few digits as they do. */
export function jsonBody(row: Float32Array): string {
  return JSON.stringify({ x: [Array.from(row, (value) => Number(value.toFixed(DECIMALS)))] })
}
