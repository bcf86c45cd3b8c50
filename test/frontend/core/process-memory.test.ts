import assert from 'node:assert/strict'
import { residentBytes } from '../../../frontend/core/process-memory.ts'

describe('residentBytes', () => {
  before(function () {
    if (process.platform !== 'linux') this.skip() // there is no /proc
  })

  it('is about what the process says of itself', () => {
    const ratio = residentBytes(process.pid) / process.memoryUsage.rss()
    assert.ok(ratio > 0.8 && ratio < 1.25, `the ratio is ${ratio}`)
  })

  it('is 0 for a process that is gone', () => assert.equal(residentBytes(999_999_999), 0))
})
