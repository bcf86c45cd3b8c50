import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { lockState } from '../../../frontend/core/state-lock.ts'
import { ServingError } from '../../../worker/contract/errors.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

describe('lockState', () => {
  let root: Awaited<ReturnType<typeof temporaryDirectory>>
  let directory: string
  let path: string
  beforeEach(async () => {
    root = await temporaryDirectory()
    directory = join(root.path, 'state')
    path = join(directory, 'lock')
  })
  afterEach(() => root.remove())

  it('makes the directory, for its owner alone, and names the owner in it', async () => {
    await lockState(directory, process.pid)
    assert.equal((await stat(directory)).mode & 0o777, 0o700)
    assert.match(await readFile(path, 'utf8'), new RegExp(`^${process.pid} \\d+$`))
  })

  it('keeps a second server out while the first lives', async () => {
    await lockState(directory, process.pid)
    await assert.rejects(lockState(directory, process.pid), {
      code: 'failed_precondition',
      reason: 'state_in_use',
      message: `the state directory ${directory} is in use by the server with process id ${process.pid}; stop it, or give this server another state directory`,
    })
  })

  it('lets one of several in that start at the same moment', async () => {
    const results = await Promise.allSettled([1, 2, 3].map(() => lockState(directory, process.pid)))
    const refused = results.filter((result) => result.status === 'rejected')
    assert.deepEqual(
      refused.map(({ reason }) => reason instanceof ServingError && reason.reason),
      ['state_in_use', 'state_in_use'],
    )
  })

  it('lets the next one in after it is released', async () => {
    const lock = await lockState(directory, process.pid)
    await lock.release()
    await lockState(directory, process.pid)
  })

  it('takes over the lock of a server that was killed', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)'], { stdio: 'ignore' })
    await lockState(directory, child.pid ?? 0)
    await assert.rejects(lockState(directory, process.pid), { reason: 'state_in_use' })
    child.kill('SIGKILL')
    await once(child, 'exit')
    await lockState(directory, process.pid)
  })

  const STALE = [
    { it: 'of a process id that another program has now', content: `${process.pid} 1` },
    { it: 'that was never finished', content: '' },
    { it: 'that holds nonsense', content: 'x\0y' },
    { it: 'of a process that is gone', content: '999999999 123' },
  ]
  for (const { it: claim, content } of STALE) {
    it(`takes over a lock ${claim}`, async () => {
      await (await lockState(directory, process.pid)).release()
      await writeFile(path, content)
      await lockState(directory, process.pid)
    })
  }
})
