import assert from 'node:assert/strict'
import { busyPercentOf } from '../../../bench/gpu/nvidia-samples.ts'

describe('busyPercentOf', () => {
  const CASES = [
    { it: 'is the mean of the samples', lines: '90\n100\n95\n', percent: 95 },
    { it: 'passes over what is no number', lines: '[N/A]\n80\n8', percent: 44 },
    { it: 'is nothing without samples', lines: '', percent: undefined },
  ]
  for (const { it: claim, lines, percent } of CASES) {
    it(claim, () => {
      assert.equal(busyPercentOf(lines), percent)
    })
  }
})
