import assert from 'node:assert/strict'
import { NO_BATCH_ID } from '../../../worker/contract/batch-codec.ts'
import { batchIdsOf, channelOf } from '../../../worker/contract/batch-ids.ts'
import { frameOf, kindAndId, markAlone, type Frame, type FrameKind } from '../../../worker/contract/frame.ts'
import { ChannelSwitch } from '../../../worker/process/channel-switch.ts'
import { runFrame } from '../../support/run-frame.ts'

const REPORT = { ok: true, threadId: 1 }

function fixture() {
  const sent: string[] = []
  const received: string[] = []
  const note = (to: string) => (frame: Uint8Array) => {
    const { kind, id } = kindAndId(frame)
    sent.push(`${to}: ${kind} ${id & 0xff_ff_ff}`)
  }
  const channels = new ChannelSwitch({
    main: note('main'),
    receive: ({ kind, id }) => received.push(`${kind} ${channelOf(id)}/${id & 0xff_ff_ff}`),
  })
  return { channels, sent, received, note }
}

const idOn = (channel: number, number: number) => batchIdsOf(channel).first + number

function arriving(kind: FrameKind, id: number): Frame {
  return { kind, id, buffer: kind === 'run' ? runFrame(id, []).buffer : frameOf(kind, {}, id).buffer }
}

describe('ChannelSwitch', () => {
  it('gives each channel the answers to its own batches, and the main one logs and metrics', () => {
    const { channels, sent, note } = fixture()
    channels.open(1, note('one'))
    channels.open(2, note('two'))
    for (const id of [5, idOn(1, 7), idOn(2, 7)]) {
      channels.receive(arriving('run', 0))
      channels.send(frameOf('piece', {}, id))
      channels.send(frameOf('result', {}, id))
    }
    channels.send(frameOf('log', {}))
    channels.send(frameOf('metrics', {}))
    assert.deepEqual(sent, [
      'main: piece 5',
      'main: result 5',
      'one: piece 7',
      'one: result 7',
      'two: piece 7',
      'two: result 7',
      'main: log 0',
      'main: metrics 0',
    ])
  })

  it('tells every channel of the threads, also one that opens later, and of their deaths', () => {
    const { channels, sent, note } = fixture()
    channels.open(1, note('one'))
    channels.send(frameOf('instance', REPORT))
    channels.send(frameOf('instance', { ...REPORT, threadId: 2 }))
    channels.send(frameOf('result', {}, NO_BATCH_ID))
    channels.open(2, note('two'))
    assert.deepEqual(sent, [
      'main: instance 0',
      'one: instance 0',
      'main: instance 0',
      'one: instance 0',
      'main: result 0',
      'one: result 0',
      'two: instance 0',
    ])
  })

  it('keeps a thread that could not load to the main channel', () => {
    const { channels, sent, note } = fixture()
    channels.open(1, note('one'))
    channels.send(frameOf('instance', { ok: false, threadId: 1 }))
    assert.deepEqual(sent, ['main: instance 0'])
  })

  it('says when a batch that had to be alone has started', () => {
    const { channels, sent, received, note } = fixture()
    channels.open(1, note('one'))
    channels.receive(arriving('run', 1))
    const alone = runFrame(idOn(1, 2), [])
    markAlone(alone)
    channels.receiveFrom(1, { kind: 'run', id: idOn(1, 2), buffer: alone.buffer })
    assert.deepEqual([sent, received], [[], ['run 0/1']])
    channels.send(frameOf('result', {}, 1))
    assert.deepEqual(
      [sent, received],
      [['one: started 2', 'main: result 1'].reverse(), ['run 0/1', 'run 1/2']],
    )
  })

  it('drops what waits of a channel that closes, and answers to what runs', () => {
    const { channels, sent, received, note } = fixture()
    channels.open(1, note('one'))
    channels.receiveFrom(1, arriving('run', idOn(1, 1)))
    const alone = runFrame(idOn(1, 2), [])
    markAlone(alone)
    channels.receiveFrom(1, { kind: 'run', id: idOn(1, 2), buffer: alone.buffer })
    channels.receive(arriving('run', 3))
    channels.close(1)
    let isDelivered = false
    channels.send(frameOf('piece', {}, idOn(1, 1)), () => (isDelivered = true))
    channels.send(frameOf('result', {}, idOn(1, 1)))
    assert.deepEqual([sent, received, isDelivered], [[], ['run 1/1', 'run 0/3'], true])
  })

  const FORBIDDEN: readonly { readonly kind: FrameKind; readonly id: number }[] = [
    { kind: 'load', id: 0 },
    { kind: 'stop', id: 0 },
    { kind: 'run', id: 1 },
    { kind: 'cancel', id: idOn(2, 1) },
  ]
  for (const { kind, id } of FORBIDDEN) {
    it(`takes no '${kind}' of batch ${id} from channel 1`, () => {
      const { channels } = fixture()
      assert.throws(() => channels.receiveFrom(1, arriving(kind, id)), { code: 'internal' })
    })
  }
})
