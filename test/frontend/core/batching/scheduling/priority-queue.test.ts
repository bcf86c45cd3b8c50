import assert from 'node:assert/strict'
import type { PendingRequestInit } from '../../../../../frontend/core/batching/pending-request.ts'
import { FAIR_TURN, PriorityQueue } from '../../../../../frontend/core/batching/scheduling/priority-queue.ts'
import { QueuePolicies } from '../../../../../frontend/core/batching/scheduling/queue-policies.ts'
import { pendingRequest } from '../../../../support/pending-requests.ts'

const queueOf = (priorityLevels = 3) => new PriorityQueue(new QueuePolicies({ priorityLevels }))

/** `a1` is the request a of priority 1, a later one than those before it. */
function push(queue: PriorityQueue, requests: string, init: Partial<PendingRequestInit> = {}): void {
  for (const [index, id] of requests.split(' ').entries()) {
    queue.push(pendingRequest({ id, priority: Number(id.slice(1)), arrivedAtMs: index, ...init }))
  }
}
const take = (queue: PriorityQueue, maxRows: number) =>
  queue
    .take(maxRows)
    .map(({ init }) => init.id)
    .join(' ')

describe('PriorityQueue', () => {
  it('serves the highest priority first, and each in the order of its requests', () => {
    const queue = queueOf()
    push(queue, 'a3 b1 c2 d1 e3')
    assert.deepEqual([take(queue, 2), take(queue, 2), take(queue, 2)], ['b1 d1', 'c2 a3', 'e3'])
    assert.deepEqual([queue.size, queue.rows], [0, 0])
  })

  it('gives the default priority to who asks for none, or for one that does not exist', () => {
    const queue = new PriorityQueue(new QueuePolicies({ priorityLevels: 3, defaultPriorityLevel: 2 }))
    push(queue, 'a3 b0 c9 d1')
    assert.equal(take(queue, 9), 'd1 b0 c9 a3')
  })

  it('lets the lowest be the default', () => {
    const queue = queueOf(2)
    push(queue, 'a0 b1')
    assert.equal(take(queue, 9), 'b1 a0')
  })

  it('fills a batch with one bucket only', () => {
    const queue = queueOf()
    push(queue, 'a1', { bucket: 'x' })
    push(queue, 'b2', { bucket: 'y' })
    push(queue, 'c3', { bucket: 'x' })
    assert.deepEqual([take(queue, 9), take(queue, 9)], ['a1 c3', 'b2'])
  })

  it('takes back what was taken, before others of its priority', () => {
    const queue = queueOf()
    push(queue, 'a1 b2 c2 d2')
    const [, ...others] = queue.take(3)
    queue.putFirst(others)
    assert.deepEqual([queue.size, queue.hasBucket(''), queue.hasBucket('x')], [3, true, false])
    assert.equal(take(queue, 9), 'b2 c2 d2')
  })

  it('stops at a request that does not fit: no later one overtakes it', () => {
    const queue = queueOf()
    push(queue, 'a1', { rows: 2 })
    push(queue, 'b1', { rows: 3 })
    push(queue, 'c1')
    assert.equal(queue.peek(4)?.isComplete, true)
    assert.deepEqual(queue.peek(4)?.sums, [2])
    assert.deepEqual([take(queue, 4), take(queue, 4)], ['a1', 'b1 c1'])
  })

  it('gives a request that is too large a batch of its own', () => {
    const queue = queueOf()
    push(queue, 'a1', { rows: 9 })
    push(queue, 'b1')
    assert.deepEqual([take(queue, 4), take(queue, 4)], ['a1', 'b1'])
  })

  it('lets others of the same priority go before those that were put back', () => {
    const queue = queueOf()
    push(queue, 'a1 b1 c2')
    for (const request of queue.removeWaiting(({ init }) => init.id === 'a1')) queue.putBack(request)
    assert.equal(queue.sizeOf(1), 2)
    assert.equal(take(queue, 9), 'b1 a1 c2')
  })

  it(`lets the oldest lead each ${FAIR_TURN}th batch, so that no priority starves`, () => {
    const queue = queueOf()
    queue.push(pendingRequest({ id: 'old', priority: 3, arrivedAtMs: -1 }))
    const batches = Array.from({ length: FAIR_TURN }, () => {
      push(queue, 'a1 b1')
      return take(queue, 1)
    })
    assert.equal(batches.indexOf('old'), FAIR_TURN - 1)
  })

  it('removes what a test finds, also among those that run alone', () => {
    const queue = queueOf()
    push(queue, 'a1 b2')
    queue.pushSuspect(pendingRequest({ id: 's1' }))
    assert.equal(queue.hasSuspect, true)
    assert.equal(queue.remove(({ init }) => init.id !== 'b2').length, 2)
    assert.deepEqual([queue.size, queue.hasSuspect, take(queue, 9)], [1, false, 'b2'])
  })

  it('hands those that run alone out one by one', () => {
    const queue = queueOf()
    queue.pushSuspect(pendingRequest({ id: 's1' }))
    queue.pushSuspect(pendingRequest({ id: 's2' }))
    assert.deepEqual(
      [1, 2, 3].map(() => queue.takeSuspect()?.init.id),
      ['s1', 's2', undefined],
    )
    assert.equal(queue.size, 0)
  })
})
