import assert from 'node:assert/strict'
import { Socket } from 'node:net'
import { HandOver } from '../../../frontend/frontends/hand-over.ts'

describe('HandOver', () => {
  let sent: Socket[]
  let fail: () => void
  let isConnected: boolean
  let handOver: HandOver
  const [first, second] = [new Socket(), new Socket()]

  beforeEach(() => {
    sent = []
    isConnected = true
    handOver = new HandOver((connection, onFailed) => {
      if (isConnected) sent.push(connection)
      fail = onFailed
      return isConnected
    })
    handOver.give(first)
    handOver.give(second)
  })

  it('sends one at a time', () => {
    assert.deepEqual([sent.length, handOver.backlog], [1, 1])
    handOver.taken()
    assert.deepEqual([sent.length, handOver.backlog], [2, 0])
  })

  it('ends a connection that could not be sent, and goes on with the next', () => {
    fail()
    assert.equal(first.destroyed, true)
    assert.equal(sent[1], second)
  })

  it('keeps what cannot be sent any more, for others', () => {
    isConnected = false
    handOver.taken()
    assert.deepEqual([second.destroyed, handOver.stop()], [false, [second]])
  })

  it('gives back what was never sent, and sends no more', () => {
    assert.deepEqual(handOver.stop(), [second])
    handOver.taken()
    handOver.stop()
    assert.equal(sent.length, 1)
  })
})
