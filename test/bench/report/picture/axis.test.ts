import assert from 'node:assert/strict'
import { linearAxis, logAxis, type Axis } from '../../../../bench/report/picture/axis.ts'

const labelsOf = ({ ticks }: Axis) => ticks.map(({ label }) => label)

describe('linear axis', () => {
  const CASES: readonly { values: number[]; labels: string[] }[] = [
    { values: [0, 9700], labels: ['0', '2000', '4000', '6000', '8000', '10000'] },
    { values: [3], labels: ['0', '1', '2', '3'] },
    { values: [0.23], labels: ['0', '0.05', '0.1', '0.15', '0.2', '0.25'] },
    { values: [1.2], labels: ['0', '0.5', '1', '1.5'] },
    { values: [10], labels: ['0', '2', '4', '6', '8', '10'] },
    { values: [0], labels: ['0'] },
    { values: [], labels: ['0'] },
  ]
  for (const { values, labels } of CASES) {
    it(`of ${values.join(', ') || 'nothing'} has round ticks from 0 on`, () => {
      const axis = linearAxis(values, 100)
      assert.deepEqual(labelsOf(axis).slice(0, labels.length), labels)
      assert.equal(axis.ticks[0]?.at, 0)
      assert.equal(Math.round(axis.ticks.at(-1)?.at ?? NaN), 100)
    })
  }

  it('places values in proportion', () => {
    const { place } = linearAxis([100], 500)
    assert.deepEqual([place(0), place(50), place(100)], [0, 250, 500])
  })
})

describe('log axis', () => {
  it('places equal factors apart alike, and has the values as its ticks', () => {
    const axis = logAxis([8, 1, 64, 8], 300)
    assert.deepEqual(
      axis.ticks.map(({ at, label }) => [Math.round(at), label]),
      [
        [0, '1'],
        [150, '8'],
        [300, '64'],
      ],
    )
  })

  it('has powers of ten as its ticks when there are many values', () => {
    const values = Array.from({ length: 1000 }, (_, index) => index + 1)
    assert.deepEqual(labelsOf(logAxis(values, 300)), ['1', '10', '100', '1000'])
  })

  it('places a single value in the middle', () => assert.equal(logAxis([5], 300).place(5), 150))
})
