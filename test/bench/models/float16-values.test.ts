import assert from 'node:assert/strict'
import { float16Values } from '../../../bench/models/float16-values.ts'
import { float16FromNumber } from '../../../worker/contract/float16.ts'
import { seededRandom } from '../../support/random.ts'

const random = seededRandom(3)
const CASES: readonly { readonly it: string; readonly values: readonly number[] }[] = [
  { it: 'zeros', values: [0, -0] },
  { it: 'ties', values: [1 + 2 ** -11, 1 + 3 * 2 ** -11, -1 - 2 ** -11, 2 - 2 ** -12] },
  {
    it: 'values around the smallest normal one',
    values: [2 ** -14, 2 ** -14 - 2 ** -26, 2 ** -24, 2 ** -26],
  },
  { it: 'values around the largest one', values: [65504, 65519, 65520, 40000, Infinity, -Infinity, NaN] },
  {
    it: 'values of every size',
    values: Array.from({ length: 2000 }, () => (random() - 0.5) * 2 ** (34 * random() - 17)),
  },
]

describe('float16Values', () => {
  for (const { it: name, values } of CASES) {
    it(`rounds ${name} to the nearest`, () => {
      const singles = Float32Array.from(values)
      assert.deepEqual(float16Values(singles), Uint16Array.from(singles, float16FromNumber))
    })
  }
})
