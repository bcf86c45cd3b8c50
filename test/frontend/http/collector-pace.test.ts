import assert from 'node:assert/strict'
import { CollectorPace } from '../../../frontend/http/collector-pace.ts'
import { FakeClock } from '../../support/fake-clock.ts'

const RELAXED = '--heap-growing-percent=300'
const OWN = '--heap-growing-percent=0'
const RETURNED = 'told'

const CASES = [
  {
    it: 'lets the heap grow from the first large body on',
    bodiesAtMs: [0],
    untilMs: 9_999,
    flags: [RELAXED],
  },
  { it: 'sets the flag once for many', bodiesAtMs: [0, 0, 9_000], untilMs: 18_000, flags: [RELAXED] },
  {
    it: 'leaves the choice to V8 after the last',
    bodiesAtMs: [0, 9_000],
    untilMs: 19_000,
    flags: [RELAXED, OWN, RETURNED],
  },
  { it: 'begins anew', bodiesAtMs: [0, 20_000], untilMs: 20_000, flags: [RELAXED, OWN, RETURNED, RELAXED] },
]

describe('CollectorPace', () => {
  for (const { it: name, bodiesAtMs, untilMs, flags } of CASES) {
    it(name, async () => {
      const clock = new FakeClock()
      const set: string[] = []
      const pace = new CollectorPace({
        setFlags: (text) => set.push(text),
        after: (delayMs, call) => clock.after(delayMs, call),
        onReturn: () => set.push(RETURNED),
      })
      for (const atMs of bodiesAtMs) {
        await clock.advance(atMs - clock.nowMs())
        pace.relax()
      }
      await clock.advance(untilMs - clock.nowMs())
      assert.deepEqual(set, flags)
    })
  }
})
