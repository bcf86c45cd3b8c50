import { mlp } from '../test/support/models.ts'
import { seededRandom } from '../test/support/random.ts'

export type BenchModel = {
  readonly name: string
  /** Sizes of its layers, as the report names it. */
  readonly layers: readonly number[]
  readonly onnx: Uint8Array
  /** JSON bodies of one row each. */
  readonly bodies: readonly string[]
}

const BODIES = 16
const DECIMALS = 4

export function benchModels(): BenchModel[] {
  return [benchModel('tiny', [4, 16, 3]), benchModel('mid', [784, 512, 512, 10])]
}

function benchModel(name: string, layers: readonly number[]): BenchModel {
  const random = seededRandom(1)
  const row = () => Array.from({ length: layers[0] ?? 0 }, () => Number(random().toFixed(DECIMALS)))
  const bodies = Array.from({ length: BODIES }, () => JSON.stringify({ x: [row()] }))
  return { name, layers, onnx: mlp(layers), bodies }
}

/** How much is measured. Each point is measured `repeats` times by each contender, in alternating order. */
export type Plan = {
  readonly connections: readonly number[]
  readonly repeats: number
  readonly warmUpMs: number
  readonly measureMs: number
  readonly rawLoopMs: number
}

export const FULL_PLAN: Plan = {
  connections: [1, 8, 32, 128],
  repeats: 5,
  warmUpMs: 1000,
  measureMs: 3000,
  rawLoopMs: 2000,
}

export const QUICK_PLAN: Plan = {
  connections: [1, 32],
  repeats: 2,
  warmUpMs: 500,
  measureMs: 1000,
  rawLoopMs: 500,
}
