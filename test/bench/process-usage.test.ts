import assert from 'node:assert/strict'
import { cpuMs, privateBytes, proportionalBytes, residentBytes } from '../../bench/process-usage.ts'

describe('process usage', () => {
  // It reads /proc.
  const itOnLinux = process.platform === 'linux' ? it : it.skip
  itOnLinux('reads time and memory of this process', () => {
    const usage = process.cpuUsage()
    const ownMs = (usage.user + usage.system) / 1000
    assert.ok(Math.abs(cpuMs(process.pid) - ownMs) < 100)
    assert.ok(privateBytes(process.pid) > 1e6)
    assert.ok(residentBytes(process.pid) >= privateBytes(process.pid) / 2)
    assert.ok(proportionalBytes(process.pid) > 1e6)
    assert.ok(proportionalBytes(process.pid) < 2 * residentBytes(process.pid))
  })
})
