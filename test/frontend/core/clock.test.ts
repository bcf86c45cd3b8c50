import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { systemClock } from '../../../frontend/core/clock.ts'

describe('systemClock', () => {
  it('calls once, after the delay, unless it is cancelled', async () => {
    const startedAtMs = systemClock.nowMs()
    const cancel = systemClock.after(1, () => assert.fail('it was cancelled'))
    cancel()
    // Its timers do not keep the test alive; this one does.
    const anchor = setInterval(() => undefined, 1000)
    const calledAtMs = await new Promise<number>((resolve) => {
      systemClock.after(5, () => {
        resolve(systemClock.nowMs())
      })
    })
    clearInterval(anchor)
    assert.ok(calledAtMs - startedAtMs >= 4, `it took ${calledAtMs - startedAtMs} ms`)
  })

  it('does not keep the process alive', async () => {
    const program = `import { systemClock } from './frontend/core/clock.ts'
      systemClock.after(3_600_000, () => undefined)
      console.log('started')`
    const args = ['--import', 'tsx', '--input-type=module', '-e', program]
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 20_000 })
    assert.equal(stdout.trim(), 'started')
  }).timeout(20_000)
})
