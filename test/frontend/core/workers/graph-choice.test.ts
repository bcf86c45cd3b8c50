import assert from 'node:assert/strict'
import { chooseGraph, type Measured } from '../../../../frontend/core/workers/graph-choice.ts'

const measured = (plainMs: number, changes: Partial<Measured> = {}): Measured => ({
  originalLoadMs: 600,
  prepackedLoadMs: 100,
  plainLoadMs: 2,
  runs: [
    { rows: 1, prepackedMs: 10, plainMs: 9 },
    { rows: 32, prepackedMs: 100, plainMs },
  ],
  ...changes,
})

const SLOW_LOAD = { prepackedLoadMs: 800, plainLoadMs: 800 }

const CASES = [
  {
    it: 'takes weights as they came where no run is slower',
    of: measured(104),
    isPrepared: true,
    prepacks: false,
  },
  {
    it: 'takes rearranged weights where one run is slower',
    of: measured(106),
    isPrepared: true,
    prepacks: true,
  },
  { it: 'leaves a graph that opens slower', of: measured(100, SLOW_LOAD), isPrepared: false, prepacks: true },
  {
    it: 'takes weights as they came at any price when told to',
    of: measured(200, SLOW_LOAD),
    sharing: 'always',
    isPrepared: true,
    prepacks: false,
  },
] as const

describe('chooseGraph', () => {
  for (const each of CASES) {
    it(each.it, () => {
      const sharing = 'sharing' in each ? each.sharing : 'auto'
      const { prepared, prepacks } = chooseGraph('/p/model.onnx', each.of, sharing)
      assert.deepEqual(
        { isPrepared: prepared !== undefined, prepacks },
        {
          isPrepared: each.isPrepared,
          prepacks: each.prepacks,
        },
      )
    })
  }

  it('says what was measured', () => {
    assert.equal(
      chooseGraph('/p', measured(200), 'auto').why,
      'weights are shared, rearranged once, on the disk: without rearranging them runs take 2.00 × the time; the prepared graph opens in 100 ms, the original in 600 ms',
    )
  })
})
