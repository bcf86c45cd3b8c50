import assert from 'node:assert/strict'
import { cpusFromQuota, usableCpus } from '../../../../frontend/core/workers/cpu-quota.ts'

const CASES: readonly (readonly [words: readonly string[], cpus: number | undefined, meaning: string])[] = [
  [['max', '100000'], undefined, 'no limit (v2)'],
  [['-1', '100000'], undefined, 'no limit (v1)'],
  [['150000', '100000'], 1.5, 'one and a half CPUs'],
  [['50000', '100000'], 0.5, 'half a CPU'],
  [['400000', '100000'], 4, 'four CPUs'],
  [[], undefined, 'no such file'],
  [['150000'], undefined, 'no period'],
  [['150000', '0'], undefined, 'a period of 0'],
  [['0', '100000'], undefined, 'a quota of 0'],
  [['', ''], undefined, 'an empty file'],
  [['x', 'y'], undefined, 'no numbers'],
]

describe('cpusFromQuota', () => {
  for (const [words, cpus, meaning] of CASES) {
    it(`reads [${words.join(' ')}] as ${cpus ?? 'no limit'}: ${meaning}`, () =>
      assert.equal(cpusFromQuota(words), cpus))
  }
})

describe('usableCpus', () => {
  it('is a whole number of at least 1 here', () => {
    assert.ok(Number.isInteger(usableCpus()))
    assert.ok(usableCpus() >= 1)
  })
})
