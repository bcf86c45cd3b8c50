import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { MessageChannel } from 'node:worker_threads'
import { ServingError } from '../../../worker/contract/errors.ts'
import type { Tensor } from '../../../worker/contract/tensor.ts'
import { HostedSession } from '../../../worker/thread/hosted-session.ts'
import { SessionHost } from '../../../worker/thread/session-host.ts'
import type { Session } from '../../../worker/thread/session.ts'
import { FakeSession } from '../../support/fake-session.ts'
import { gate } from '../../support/gate.ts'
import { TENSOR_OF_EVERY_TYPE } from '../../support/tensors.ts'

const x = (...values: readonly number[]): Tensor => ({
  name: 'x',
  dtype: 'FP32',
  shape: [1, values.length],
  data: Float32Array.from(values),
})

/** Gives back its feeds, under their own names. */
class EchoSession extends FakeSession {
  override run(feeds: readonly Tensor[]): Promise<readonly Tensor[]> {
    return Promise.resolve(feeds)
  }
}

describe('HostedSession', () => {
  let closing: (() => void)[] = []
  afterEach(() => {
    for (const close of closing) close()
    closing = []
  })

  /** A host, and what connects another thread to it: here both ends are in one. */
  const hostOf = (session: Session | Error) => {
    let nowMs = 0
    const open = () => (session instanceof Error ? Promise.reject(session) : Promise.resolve(session))
    const host = new SessionHost({ open, nowMs: () => (nowMs += 5) })
    return () => {
      const { port1, port2 } = new MessageChannel()
      closing.push(() => {
        port1.close()
      })
      host.serve(port2)
      return HostedSession.open(port1)
    }
  }

  it('knows what the graph takes and gives', async () => {
    const session = new FakeSession()
    const hosted = await hostOf(session)()
    assert.deepEqual([hosted.inputs, hosted.outputs], [session.inputs, session.outputs])
  })

  it('runs the feeds of several threads', async () => {
    const connect = hostOf(new FakeSession())
    const [one, other] = await Promise.all([connect(), connect()])
    const outputs = await Promise.all([one.run([x(1, 2)]), other.run([x(3, 4)]), one.run([x(5, 6)])])
    assert.deepEqual(
      outputs.map(([y]) => [...(y?.data as Float32Array)]), // the fake's type
      [
        [-1, -2],
        [-3, -4],
        [-5, -6],
      ],
    )
  })

  it('runs one after the other, in the order in which they were asked for', async () => {
    const gates = [gate(), gate()]
    const session = new (class extends FakeSession {
      override async run(feeds: readonly Tensor[]): Promise<readonly Tensor[]> {
        const outputs = await super.run(feeds)
        await gates[this.runs.length - 1]?.promise
        return outputs
      }
    })()
    const hosted = await hostOf(session)()
    const first = hosted.run([x(1, 2)])
    const second = hosted.run([x(1, 2, 3, 4)])
    gates[1]?.open()
    gates[0]?.open()
    await first
    await second
    assert.deepEqual(session.runs, [
      [1, 2],
      [1, 4],
    ])
  })

  for (const tensor of TENSOR_OF_EVERY_TYPE) {
    it(`carries ${tensor.dtype} there and back`, async () => {
      const hosted = await hostOf(new EchoSession())()
      assert.deepEqual(await hosted.run([tensor]), [tensor])
    })
  }

  it('leaves feeds to the caller, who may send them again', async () => {
    const hosted = await hostOf(new FakeSession())()
    const feeds = [x(1, 2)]
    await hosted.run(feeds)
    const [y] = await hosted.run(feeds)
    assert.deepEqual([feeds[0]?.data, y?.data], [Float32Array.of(1, 2), Float32Array.of(-1, -2)])
  })

  it('takes the memory of feeds that the caller gives away', async () => {
    const hosted = await hostOf(new FakeSession())()
    const feed = x(1, 2)
    const [y] = await hosted.run([feed], { mayTakeFeeds: true })
    assert.deepEqual([feed.data.length, y?.data], [0, Float32Array.of(-1, -2)])
  })

  it('takes a view along without the rest of its buffer, which stays', async () => {
    const hosted = await hostOf(new EchoSession())()
    const buffer = Float32Array.of(0, 1, 2, 0)
    const view = { ...x(), shape: [1, 2], data: buffer.subarray(1, 3) } as Tensor
    const [y] = await hosted.run([view], { mayTakeFeeds: true })
    assert.deepEqual([y?.data, (y?.data as Float32Array).buffer.byteLength], [Float32Array.of(1, 2), 8]) // the fake's type
    assert.equal(buffer.length, 4)
  })

  it('says how long the engine was busy, since it was last asked', async () => {
    const hosted = await hostOf(new FakeSession())()
    await hosted.run([x(1, 2)])
    await hosted.run([x(1, 2)])
    assert.deepEqual([hosted.takeBusyMs(), hosted.takeBusyMs()], [10, 0])
  })

  it('says of each run how long it waited', async () => {
    const hosted = await hostOf(new FakeSession())()
    const waits: number[] = []
    await hosted.run([x(1, 2)], { onWait: (waitMs) => waits.push(waitMs) })
    assert.equal(waits.length, 1)
  })

  it('throws what a run throws, and goes on', async () => {
    const hosted = await hostOf(new FakeSession())()
    const unlucky = hosted.run([x(13, 0)])
    const lucky = hosted.run([x(1, 2)])
    await assert.rejects(unlucky, { name: 'Error', message: '13 is unlucky', stack: /fake-session/ })
    assert.equal((await lucky).length, 1)
  })

  it('throws an error for clients with its code, as the graph is opened', async () => {
    const refusal = new ServingError('failed_precondition', 'no adapter', { reason: 'model' })
    await assert.rejects(hostOf(refusal)(), {
      name: 'ServingError',
      code: 'failed_precondition',
      message: 'no adapter',
      reason: 'model',
    })
  })

  it('releases the session', async () => {
    const session = new FakeSession()
    const hosted = await hostOf(session)()
    await hosted.release()
    assert.equal(session.isReleased, true)
  })

  it('runs nothing more for a thread that has ended', async () => {
    const session = new FakeSession()
    const host = new SessionHost({ open: () => Promise.resolve(session), nowMs: () => 0 })
    const leaving = Object.assign(new EventEmitter(), { postMessage: () => undefined })
    host.serve(leaving)
    leaving.emit('message', { kind: 'run', id: 1, feeds: [x(1, 2)] })
    leaving.emit('close')
    const { port1, port2 } = new MessageChannel()
    closing.push(() => {
      port1.close()
    })
    host.serve(port2)
    const staying = await HostedSession.open(port1)
    await staying.run([x(1, 2, 3, 4)])
    assert.deepEqual(session.runs, [[1, 4]])
  })
})
