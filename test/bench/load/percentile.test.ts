import assert from 'node:assert/strict'
import { latenciesOf, median, percentile } from '../../../bench/load/percentile.ts'

describe('percentile', () => {
  const CASES = [
    { values: [3, 1, 2], share: 0.5, expected: 2 },
    { values: [1, 2, 3, 4], share: 0.5, expected: 2 },
    { values: [1, 2, 3, 4], share: 0.99, expected: 4 },
    { values: [7], share: 0.5, expected: 7 },
  ]
  for (const { values, share, expected } of CASES) {
    it(`${share} of ${values.join(', ')} is ${expected}`, () =>
      assert.equal(percentile(values, share), expected))
  }
})

describe('median', () => {
  const CASES = [
    { values: [3, 1, 2], expected: 2 },
    { values: [10, 1, 4, 2], expected: 3 },
    { values: [], expected: NaN },
  ]
  for (const { values, expected } of CASES) {
    it(`of ${values.join(', ') || 'nothing'} is ${expected}`, () => assert.equal(median(values), expected))
  }
})

describe('latenciesOf', () => {
  it('takes the nearest rank of each', () => {
    const values = Array.from({ length: 1000 }, (_, index) => 1000 - index)
    assert.deepEqual(latenciesOf(values), {
      count: 1000,
      p50Ms: 500,
      p90Ms: 900,
      p99Ms: 990,
      p999Ms: 999,
      maxMs: 1000,
    })
  })

  it('has none of no values', () => {
    assert.deepEqual(Object.values(latenciesOf([])), [0, NaN, NaN, NaN, NaN, NaN])
  })
})
