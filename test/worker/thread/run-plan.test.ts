import assert from 'node:assert/strict'
import { planRuns } from '../../../worker/thread/run-plan.ts'

describe('planRuns', () => {
  const CASES = [
    { it: 'has no run for no member', members: '', runs: [] },
    { it: 'fills a run up to the limit', members: 'a1 a1 a1 a1 a1', runs: [[0, 1, 2, 3], [4]] },
    {
      it: 'keeps buckets apart',
      members: 'a1 b1 a1 b1',
      runs: [
        [0, 2],
        [1, 3],
      ],
    },
    { it: 'counts rows, not members', members: 'a3 a1 a1', runs: [[0, 1], [2]] },
    {
      it: 'keeps the order within a bucket rather than filling gaps',
      members: 'a3 a2 a1',
      runs: [[0], [1, 2]],
    },
    { it: 'gives a member over the limit its own run', members: 'a1 a9 a1', runs: [[0], [1], [2]] },
    { it: 'lets members without rows join', members: 'a4 a0', runs: [[0, 1]] },
  ]
  for (const { it: name, members, runs } of CASES) {
    it(name, () => {
      const parsed = members
        .split(' ')
        .filter((each) => each !== '')
        .map((each) => ({ bucket: each.charAt(0), rows: Number(each.slice(1)) }))
      assert.deepEqual(planRuns(parsed, 4), runs)
    })
  }
})
