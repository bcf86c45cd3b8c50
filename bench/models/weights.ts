import { seededRandom } from '../../test/support/random.ts'

/** A tensor of weights, told by what it takes to make it: those of a large model never lie in memory together. */
export type Weight = {
  readonly name: string
  readonly shape: readonly number[]
  /** Its elements are uniform in `centre` ± `spread`. */
  readonly spread: number
  readonly centre: number
}

/** Elements in row-major order. Seeded by the name as well, so that a tensor does not depend on those before it. */
export function weightValues(weight: Weight, seed: number): Float32Array {
  const random = seededRandom(seed ^ hashOf(weight.name))
  const values = new Float32Array(elementCount(weight.shape))
  for (let index = 0; index < values.length; index++) {
    values[index] = weight.centre + weight.spread * (2 * random() - 1)
  }
  return values
}

export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1)
}

/** What a model's author would call its size. */
export function parameterCount(weights: readonly Weight[]): number {
  return weights.reduce((sum, { shape }) => sum + elementCount(shape), 0)
}

/** FNV-1a, 32 bits. */
function hashOf(name: string): number {
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(name)) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash
}
