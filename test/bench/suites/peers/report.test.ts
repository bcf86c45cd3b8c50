import assert from 'node:assert/strict'
import type { Peer } from '../../../../bench/peers/peers.ts'
import { expectSameScores, type PeerResult } from '../../../../bench/suites/peers/measure-peers.ts'
import { ratiosOf, tableOf, targetsOf } from '../../../../bench/suites/peers/report.ts'
import { measured } from '../../measured.ts'

function result(title: string, kind: Peer['kind'], requestsPerSecond: number): PeerResult {
  const peer: Peer = { title, name: title, modules: [], path: '/', body: () => ({}), answer: () => [], kind }
  return {
    model: 'tiny',
    peer,
    onnxserve: measured({ requestsPerSecond: 800 }),
    theirs: measured({ requestsPerSecond }),
  }
}

describe('the report of the peers suite', () => {
  const results = [
    result('framework', 'framework', 200),
    result('framework with more', 'variant', 400),
    result('slow server', 'model server', 10),
    result('fast server', 'model server', 100),
  ]

  it('promises something against the framework and the fastest model server', () => {
    assert.deepEqual(
      targetsOf(results).map(({ measured, limit, isMet }) => ({ measured, limit, isMet })),
      [
        { measured: 4, limit: 5, isMet: false },
        { measured: 8, limit: 8, isMet: true },
      ],
    )
  })

  it('promises nothing against what was not measured', () => assert.deepEqual(targetsOf([]), []))

  it('has a row and a ratio for each', () => {
    assert.equal(tableOf(results).rows.length, 4)
    assert.equal(ratiosOf(results)['tiny × slow server'], 80)
  })
})

describe('expectSameScores', () => {
  it('takes what is equal within a ten-thousandth', () => expectSameScores([0.30001, 0.7], [0.3, 0.7]))

  const WRONG: { it: string; actual: unknown }[] = [
    { it: 'other scores', actual: [0.4, 0.6] },
    { it: 'fewer scores', actual: [0.3] },
    { it: 'no scores', actual: undefined },
  ]
  for (const { it: name, actual } of WRONG) {
    it(`refuses ${name}`, () =>
      assert.throws(() => expectSameScores(actual, [0.3, 0.7]), /expected \[0\.3,0\.7\]/))
  }
})
