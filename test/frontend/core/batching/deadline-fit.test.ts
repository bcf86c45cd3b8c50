import assert from 'node:assert/strict'
import { fitToDeadlines, type Fit } from '../../../../frontend/core/batching/deadline-fit.ts'

const NOW = 1000

/** A batch of n rows takes 10 + 10 n ms; with the margin of a tenth, 11 + 11 n. */
const predictMs = (rows: number) => 10 + 10 * rows

/** Members of one row, by the time that each has left; `2:50` has two rows. */
function members(text: string) {
  return text.split(' ').map((word) => {
    const [left = '', rows] = word.split(':').reverse()
    return { rows: Number(rows ?? 1), deadlineMs: NOW + Number(left) }
  })
}

const CASES: readonly {
  readonly it: string
  readonly left: string
  readonly isBacklogged?: boolean
  readonly fit: Fit
}[] = [
  { it: 'runs all that have time', left: '99 99 99', fit: { kind: 'all' } },
  { it: 'runs a member that ends exactly at its deadline', left: '44 44 44', fit: { kind: 'all' } },
  { it: 'cuts the batch to what its oldest member allows', left: '33 99 99', fit: { kind: 'cut', count: 2 } },
  {
    it: 'cuts before the member whose deadline the batch would miss',
    left: '99 99 40',
    fit: { kind: 'cut', count: 2 },
  },
  { it: 'counts rows', left: '2:50 3:99', fit: { kind: 'cut', count: 1 } },
  { it: 'runs a member that is predicted to be late rather than nothing', left: '5', fit: { kind: 'all' } },
  { it: 'keeps others out of a batch that is late already', left: '5 99', fit: { kind: 'cut', count: 1 } },
  {
    it: 'with a backlog, drops those that would be late',
    left: '40 99 43',
    isBacklogged: true,
    fit: { kind: 'drop', late: [0, 2] },
  },
  {
    it: 'with a backlog, runs those that are in time',
    left: '44 99 99',
    isBacklogged: true,
    fit: { kind: 'all' },
  },
]

describe('fitToDeadlines', () => {
  for (const { it: claim, left, isBacklogged = false, fit } of CASES) {
    it(claim, () =>
      assert.deepEqual(fitToDeadlines({ nowMs: NOW, members: members(left), predictMs, isBacklogged }), fit),
    )
  }

  it('changes nothing while nothing is known of the service time', () => {
    const snapshot = { nowMs: NOW, members: members('1 2 3'), predictMs: () => 0 }
    assert.deepEqual(fitToDeadlines({ ...snapshot, isBacklogged: true }), { kind: 'all' })
    assert.deepEqual(fitToDeadlines({ ...snapshot, isBacklogged: false }), { kind: 'all' })
  })
})
