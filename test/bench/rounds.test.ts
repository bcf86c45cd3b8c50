import assert from 'node:assert/strict'
import { acrossRounds, takeTurns } from '../../bench/rounds.ts'

describe('takeTurns', () => {
  it('runs every other round in reverse, and keeps the results of each in the order of the rounds', async () => {
    const order: string[] = []
    const step = (name: string) => async () => order.push(name)
    const results = await takeTurns({ a: step('a'), b: step('b') }, 3)
    assert.equal(order.join(''), 'abbaab')
    assert.deepEqual(results, { a: [1, 4, 5], b: [2, 3, 6] })
  })
})

describe('acrossRounds', () => {
  const ratio = (left: number, right: number) => left / right
  const CASES = [
    { it: 'compares runs of the same round', left: [10, 20, 300], right: [5, 10, 150], expected: 2 },
    { it: 'is not moved by one bad round', left: [10, 20, 30], right: [5, 10, 1], expected: 2 },
    { it: 'takes the mean of the middle two', left: [1, 2, 3, 8], right: [1, 1, 1, 1], expected: 2.5 },
    { it: 'leaves out a round that one of them lacks', left: [4, 100], right: [2], expected: 2 },
    { it: 'is not a number without rounds', left: [], right: [], expected: NaN },
  ]
  for (const { it: claim, left, right, expected } of CASES) {
    it(claim, () => assert.equal(acrossRounds(left, right, ratio), expected))
  }
})
