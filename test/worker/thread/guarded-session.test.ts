import assert from 'node:assert/strict'
import type { Tensor } from '../../../worker/contract/tensor.ts'
import { GuardedSession } from '../../../worker/thread/guarded-session.ts'
import { FakeSession } from '../../support/fake-session.ts'

const FEEDS: readonly Tensor[] = [{ name: 'x', dtype: 'FP32', shape: [1, 2], data: Float32Array.of(1, 2) }]

/** A session whose every run fails with this message. */
class FailingSession extends FakeSession {
  readonly #message: string

  constructor(message: string) {
    super()
    this.#message = message
  }

  override run(): Promise<readonly Tensor[]> {
    return Promise.reject(new Error(this.#message))
  }
}

function guarded(session: FakeSession) {
  const losses: string[] = []
  const onLost = (message: string) => losses.push(message)
  return { losses, guard: new GuardedSession(session, { provider: 'cuda', deviceId: 2 }, onLost) }
}

describe('GuardedSession', () => {
  it('is the session behind it while the device works', async () => {
    const session = new FakeSession()
    const { guard, losses } = guarded(session)
    const [y] = await guard.run(FEEDS)
    assert.deepEqual(y?.data, Float32Array.of(-1, -2))
    assert.deepEqual([guard.inputs, guard.outputs], [session.inputs, session.outputs])
    await guard.release()
    assert.equal(session.isReleased, true)
    assert.deepEqual(losses, [])
  })

  for (const message of ['Got invalid dimensions for input: x', 'CUDA failure 2: out of memory']) {
    it(`passes on '${message}', which spoils only its call`, async () => {
      const { guard, losses } = guarded(new FailingSession(message))
      await assert.rejects(guard.run(FEEDS), { message })
      assert.deepEqual(losses, [])
    })
  }

  it('tells that the device is lost, and answers nobody', async () => {
    const { guard, losses } = guarded(new FailingSession('CUDA failure 700: an illegal memory access'))
    const first = await Promise.race([
      guard.run(FEEDS),
      new Promise((resolve) => setImmediate(resolve, 'open')),
    ])
    assert.equal(first, 'open')
    assert.deepEqual(losses, [
      'cuda device 2 is lost to this process: CUDA failure 700: an illegal memory access',
    ])
  })
})
