import assert from 'node:assert/strict'
import type { ModelPlan } from '../../../bench/models/graph-builder.ts'
import { weightValues } from '../../../bench/models/weights.ts'

/** The weights of a plan by name, as the file would hold them in single precision. */
export type WeightReader = (name: string) => Float32Array

export function weightReader({ weights }: ModelPlan, seed: number): WeightReader {
  return (name) => {
    const weight = weights.find((each) => each.name === name)
    assert.ok(weight, `the plan has no weight '${name}'`)
    return weightValues(weight, seed)
  }
}
