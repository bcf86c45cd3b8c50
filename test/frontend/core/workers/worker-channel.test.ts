import assert from 'node:assert/strict'
import { duplexPair } from 'node:stream'
import { WorkerChannel } from '../../../../frontend/core/workers/worker-channel.ts'
import { readStream } from '../../../../frontend/core/workers/worker-socket.ts'
import { frameHeader, frameOf } from '../../../../worker/contract/frame.ts'
import { settlePromises } from '../../../support/fake-clock.ts'

/** A channel, what it heard, and the other end of its socket. */
function fixture() {
  const [socket, far] = duplexPair()
  const heard: unknown[] = []
  const channel = new WorkerChannel((reads) => readStream(socket, reads), 1024, {
    onFrame: (frame) => heard.push(frameHeader(frame.buffer)),
    onClose: (error) => heard.push(error?.message ?? 'closed'),
  })
  return { socket, far, heard, channel }
}

describe('WorkerChannel', () => {
  it('hears frames however the bytes are cut', async () => {
    const { far, heard } = fixture()
    const bytes = Buffer.concat([frameOf('log', { n: 1 }), frameOf('log', { n: 2 })])
    for (const byte of bytes) far.write(Buffer.of(byte))
    await settlePromises()
    assert.deepEqual(heard, [{ n: 1 }, { n: 2 }])
  })

  it('sends a frame as it is', async () => {
    const { far, channel } = fixture()
    const frame = frameOf('stop', {})
    channel.send(frame)
    await settlePromises()
    assert.deepEqual(far.read(), Buffer.from(frame))
  })

  it('sends a frame in its pieces', async () => {
    const { far, channel } = fixture()
    const frame = frameOf('stop', {})
    const chunks: Buffer[] = []
    far.on('data', (chunk: Buffer) => chunks.push(chunk))
    channel.send(frame.subarray(0, 5), frame.subarray(5))
    await settlePromises()
    assert.deepEqual(Buffer.concat(chunks), Buffer.from(frame))
  })

  const CLOSINGS: readonly {
    readonly it: string
    readonly end: (fixture_: ReturnType<typeof fixture>) => void
    readonly heard: string
  }[] = [
    { it: 'the other end is gone', end: ({ socket }) => socket.destroy(), heard: 'closed' },
    {
      it: 'the other end resets the socket',
      end: ({ socket }) => socket.destroy(new Error('ECONNRESET')),
      heard: 'closed',
    },
    {
      it: 'a frame is over the limit',
      end: ({ far }) => far.write(Buffer.alloc(16, 0xff)),
      heard: 'a frame of 4294967299 bytes arrived, allowed are 16 to 1024',
    },
  ]
  for (const { it: claim, end, heard } of CLOSINGS) {
    it(`closes once when ${claim}`, async () => {
      const all = fixture()
      end(all)
      await settlePromises()
      await settlePromises()
      assert.deepEqual(all.heard, [heard])
      assert.equal(all.socket.destroyed, true)
    })
  }

  it('sends nothing after it has closed', async () => {
    const { socket, heard, channel } = fixture()
    socket.destroy()
    await settlePromises()
    channel.send(frameOf('stop', {}))
    await settlePromises()
    assert.deepEqual(heard, ['closed'])
  })
})
