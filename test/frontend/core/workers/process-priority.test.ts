import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { getPriority } from 'node:os'
import { linuxPriority, type ProcessPriority } from '../../../../frontend/core/workers/process-priority.ts'

/** Says when it runs, with one more thread that inherits its priority; ends when its input does. */
const PROGRAM = `
  const { Worker } = require('node:worker_threads')
  process.stdin.once('data', () => {
    new Worker('setInterval(() => undefined, 1000)', { eval: true }).once('online', () => console.log('ready'))
  })
  process.stdin.once('end', () => process.exit())
  console.log('started')
`

describe('process priority', () => {
  let child: ChildProcess
  let pid: number
  const said = () => once(child.stdout ?? assert.fail('it has no output'), 'data')
  const priorities = () =>
    new Set(readdirSync(`/proc/${pid}/task`).map((thread) => getPriority(Number(thread))))

  beforeEach(async () => {
    child = spawn(process.execPath, ['-e', PROGRAM], { stdio: ['pipe', 'pipe', 'inherit'] })
    pid = child.pid ?? assert.fail('it has not started')
    await said()
  })

  afterEach(async () => {
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  })

  describe('where it may be raised', () => {
    let priority: ProcessPriority
    before(function () {
      const found = linuxPriority()
      if (found === undefined)
        this.skip() // no Linux, or not for this user
      else priority = found
    })

    it('is restored of all threads, which inherit it', async () => {
      const own = getPriority()
      priority.lower(pid)
      const ready = said()
      child.stdin?.write('go')
      await ready
      assert.ok(priorities().size > 1)
      priority.restore(pid)
      assert.deepEqual([...priorities()], [own])
    })

    it('is lowered of that process alone, and of none that has not started', () => {
      const own = getPriority()
      priority.lower(pid)
      priority.lower(0)
      assert.deepEqual([getPriority(pid), getPriority()], [19, own])
    })

    it('leaves this thread as it is', () => {
      const own = getPriority()
      linuxPriority()
      assert.equal(getPriority(), own)
    })
  })
})
