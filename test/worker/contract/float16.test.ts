import assert from 'node:assert/strict'
import { float16FromNumber, float16ToNumber } from '../../../worker/contract/float16.ts'

/** Bit patterns from the table of examples in IEEE 754-2019 half precision, and the ties between neighbours. */
const CASES = [
  { value: 0, bits: 0x0000 },
  { value: -0, bits: 0x8000 },
  { value: 1, bits: 0x3c00 },
  { value: -2, bits: 0xc000 },
  { value: 65504, bits: 0x7bff },
  { value: 2 ** -14, bits: 0x0400 },
  { value: 2 ** -24, bits: 0x0001 },
  { value: Infinity, bits: 0x7c00 },
  { value: -Infinity, bits: 0xfc00 },
]

describe('float16', () => {
  for (const { value, bits } of CASES) {
    it(`holds ${Object.is(value, -0) ? '-0' : value} exactly`, () => {
      assert.equal(float16FromNumber(value), bits)
      assert.equal(float16ToNumber(bits), value)
    })
  }

  it('keeps all of its 63488 finite values', () => {
    const all = Array.from({ length: 0x10000 }, (_, bits) => bits).filter(
      (bits) => (bits & 0x7c00) !== 0x7c00,
    )
    assert.deepEqual(
      all.filter((bits) => float16FromNumber(float16ToNumber(bits)) !== bits),
      [],
    )
  })

  it('keeps not-a-number', () => assert.ok(Number.isNaN(float16ToNumber(float16FromNumber(NaN)))))

  const ROUNDED = [
    { it: 'to the even neighbour below', value: 1 + 2 ** -11, bits: 0x3c00 },
    { it: 'to the even neighbour above', value: 1 + 3 * 2 ** -11, bits: 0x3c02 },
    { it: 'up when it is past the middle', value: 1 + 2 ** -11 + 2 ** -30, bits: 0x3c01 },
    { it: 'up into the next power of two', value: 2 - 2 ** -12, bits: 0x4000 },
    { it: 'up from subnormal to normal', value: 2 ** -14 - 2 ** -26, bits: 0x0400 },
    { it: 'to the largest finite value just below the middle to Infinity', value: 65519.99, bits: 0x7bff },
    { it: 'to Infinity from that middle on', value: 65520, bits: 0x7c00 },
    { it: 'to 0 below half of the smallest', value: 2 ** -26, bits: 0 },
  ]
  for (const each of ROUNDED)
    it(`rounds ${each.it}`, () => assert.equal(float16FromNumber(each.value), each.bits))
})
