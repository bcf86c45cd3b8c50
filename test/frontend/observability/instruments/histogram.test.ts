import assert from 'node:assert/strict'
import { Histogram } from '../../../../frontend/observability/instruments/histogram.ts'
import { seededRandom } from '../../../support/random.ts'

function histogramOf(values: readonly number[], bounds: readonly number[] = [1, 2]) {
  const histogram = new Histogram(bounds)
  for (const value of values) histogram.observe(value)
  return histogram.read()
}

/** What lies in bucket i, by the definition. */
function bucketBounds(index: number, schema: number): [number, number] {
  const base = 2 ** (2 ** -schema)
  return [base ** (index - 1), base ** index]
}

describe('a histogram', () => {
  it('counts a value in the fixed bucket whose bound it does not exceed', () => {
    const { buckets, count, sum } = histogramOf([0.5, 1, 1.5, 2, 7])
    assert.deepEqual(buckets, [
      { upperBound: 1, cumulativeCount: 2 },
      { upperBound: 2, cumulativeCount: 4 },
      { upperBound: Infinity, cumulativeCount: 5 },
    ])
    assert.deepEqual([count, sum], [5, 12])
  })

  const CASES: readonly [string, number[], [number, number][], [number, number][], number][] = [
    [
      'bounds belong to the bucket below them',
      [1, 2, 4],
      [
        [0, 1],
        [8, 1],
        [16, 1],
      ],
      [],
      0,
    ],
    ['one bucket counts its neighbours in value', [1.01, 1.05, 1.09], [[1, 3]], [], 0],
    [
      'below one, numbers are negative',
      [0.5, 0.25],
      [
        [-16, 1],
        [-8, 1],
      ],
      [],
      0,
    ],
    [
      'negative values have buckets of their own',
      [-1, -2, 2],
      [[8, 1]],
      [
        [0, 1],
        [8, 1],
      ],
      0,
    ],
    ['zero and what is as good as zero are counted apart', [0, 1e-40, -1e-40], [], [], 3],
  ]
  for (const [claim, values, positive, negative, zeroCount] of CASES) {
    it(`of exponential buckets: ${claim}`, () => {
      const { native } = histogramOf(values)
      assert.deepEqual([native?.positive, native?.negative], [positive, negative])
      assert.equal(native?.zeroCount, zeroCount)
      assert.equal(native.schema, 3)
    })
  }

  it('ignores what is not a finite number', () => {
    const { count, sum } = histogramOf([NaN, Infinity, -Infinity, 1])
    assert.deepEqual([count, sum], [1, 1])
  })

  it('has at most 160 exponential buckets: neighbours merge, and no value leaves its bucket', () => {
    const random = seededRandom(7)
    const values = Array.from({ length: 3000 }, () => 10 ** (random() * 60 - 30) * (random() < 0.3 ? -1 : 1))
    const { native, count } = histogramOf(values)
    assert.ok(native !== undefined)
    const { positive, negative, schema } = native
    assert.ok(positive.length + negative.length <= 160)
    assert.ok(schema < 3)
    for (const [side, sign] of [
      [positive, 1],
      [negative, -1],
    ] as const) {
      for (const [index, inBucket] of side) {
        const [low, high] = bucketBounds(index, schema)
        const expected = values.filter((value) => sign * value > low && sign * value <= high).length
        assert.equal(inBucket, expected, `bucket ${index} of schema ${schema}`)
      }
    }
    assert.equal(
      [...positive, ...negative].reduce((sum, [, inBucket]) => sum + inBucket, 0),
      count,
    )
  })

  it('keeps even the whole range of numbers within the limit', () => {
    const values = Array.from({ length: 2000 }, (_, i) => 2 ** (i - 1000) * (i % 2 === 0 ? 1 : -1))
    const { native } = histogramOf(values)
    assert.ok(native !== undefined && native.positive.length + native.negative.length <= 160)
  })
})
