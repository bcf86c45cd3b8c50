import assert from 'node:assert/strict'
import { gapsMs } from '../../../bench/load/arrivals.ts'

const COUNT = 20_000

function gapsOf(arrivals: 'even' | 'exponential', seed = 1): number[] {
  const next = gapsMs({ kind: 'open', requestsPerSecond: 100, arrivals, seed, maxConnections: 1 })
  return Array.from({ length: COUNT }, next)
}

const meanOf = (values: readonly number[]) => values.reduce((sum, each) => sum + each, 0) / values.length

describe('gaps of an open loop', () => {
  it('are all alike when even', () => {
    assert.deepEqual([...new Set(gapsOf('even'))], [10])
  })

  it('have the mean, and the spread of the exponential distribution, that were asked for', () => {
    const gaps = gapsOf('exponential')
    const mean = meanOf(gaps)
    const deviation = Math.sqrt(meanOf(gaps.map((gap) => (gap - mean) ** 2)))
    assert.ok(Math.abs(mean - 10) < 0.3, String(mean))
    assert.ok(Math.abs(deviation - 10) < 0.5, String(deviation))
  })

  it('are the same for the same seed, and others for another', () => {
    assert.deepEqual(gapsOf('exponential', 7), gapsOf('exponential', 7))
    assert.notDeepEqual(gapsOf('exponential', 7), gapsOf('exponential', 8))
  })
})
