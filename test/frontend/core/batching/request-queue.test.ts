import assert from 'node:assert/strict'
import type { PendingRequest } from '../../../../frontend/core/batching/pending-request.ts'
import { RequestQueue } from '../../../../frontend/core/batching/request-queue.ts'
import { pendingRequest } from '../../../support/pending-requests.ts'
import { seededRandom } from '../../../support/random.ts'

const MAX_ROWS = 4

/** Requests written as `bucket` and `rows`, for example `a1 b2`; ids are their places in the list. */
function queueOf(text: string): RequestQueue {
  const queue = new RequestQueue()
  for (const [index, word] of text.split(' ').entries()) {
    queue.push(
      pendingRequest({
        id: String(index),
        bucket: word.slice(0, 1),
        rows: Number(word.slice(1)),
        arrivedAtMs: index,
      }),
    )
  }
  return queue
}

function ids(requests: readonly PendingRequest[]): string {
  return requests.map(({ init }) => init.id).join('')
}

/** Every batch in the order it is taken, members by their ids. */
function drain(queue: RequestQueue, maxRows = MAX_ROWS): string {
  const batches: string[] = []
  while (queue.size > 0) batches.push(ids(queue.take(maxRows)))
  return batches.join(' ')
}

const ORDERS: readonly { readonly it: string; readonly queue: string; readonly batches: string }[] = [
  { it: 'takes first come, first served', queue: 'a1 a1 a1', batches: '012' },
  { it: 'fills a batch to exactly the limit', queue: 'a1 a3 a1', batches: '01 2' },
  { it: 'closes a batch before the row limit is passed', queue: 'a3 a2 a2', batches: '0 12' },
  { it: 'lets no later request overtake one that did not fit', queue: 'a3 a2 a1', batches: '0 12' },
  { it: 'runs a request over the limit alone', queue: 'a1 a9 a1', batches: '0 1 2' },
  { it: 'keeps buckets apart', queue: 'a1 b1 a1 b1', batches: '02 13' },
  { it: 'takes the bucket whose first request is the oldest', queue: 'a4 b1 a1 b1', batches: '0 13 2' },
]

const CANDIDATES: readonly {
  readonly it: string
  readonly queue: string
  readonly requests: number
  readonly rows: number
  readonly isComplete: boolean
}[] = [
  { it: 'sees an incomplete batch', queue: 'a1 a2', requests: 2, rows: 3, isComplete: false },
  { it: 'sees a full batch', queue: 'a1 a3', requests: 2, rows: 4, isComplete: true },
  {
    it: 'sees that a follower does not fit any more',
    queue: 'a3 a2',
    requests: 1,
    rows: 3,
    isComplete: true,
  },
  { it: 'sees a request over the limit as complete', queue: 'a9', requests: 1, rows: 9, isComplete: true },
  { it: 'ignores younger buckets', queue: 'a1 b4', requests: 1, rows: 1, isComplete: false },
]

describe('RequestQueue', () => {
  for (const { it: claim, queue, batches } of ORDERS) {
    it(claim, () => assert.equal(drain(queueOf(queue)), batches))
  }

  for (const { it: claim, queue, ...candidate } of CANDIDATES) {
    it(claim, () => {
      const { earliestDeadlineMs: _, ...seen } = queueOf(queue).peek(MAX_ROWS) ?? {}
      assert.deepEqual(seen, { ...candidate, oldestArrivalMs: 0 })
    })
  }

  describe('with large payloads', () => {
    const MEBIBYTE = 2 ** 20
    const memory = new Uint8Array(70 * MEBIBYTE)

    /** Requests of one row and so many MiB each; ids are their places in the list. */
    function queueOfMebibytes(...sizes: readonly number[]): RequestQueue {
      const queue = new RequestQueue()
      for (const [index, size] of sizes.entries()) {
        const parts = [{ name: 'body', bytes: memory.subarray(0, size * MEBIBYTE) }]
        queue.push(
          pendingRequest({ id: String(index), arrivedAtMs: index, payload: { kind: 'parts', parts } }),
        )
      }
      return queue
    }

    const BATCHES: readonly (readonly [it: string, sizes: readonly number[], batches: string])[] = [
      ['fills a batch to exactly 64 MiB', [32, 32, 1], '01 2'],
      ['closes a batch before 64 MiB are passed', [40, 40, 20], '0 12'],
      ['runs a request over 64 MiB alone', [1, 70, 1], '0 1 2'],
    ]
    for (const [claim, sizes, batches] of BATCHES) {
      it(claim, () => assert.equal(drain(queueOfMebibytes(...sizes)), batches))
    }

    it('knows that nothing fits any more', () => {
      const { requests, isComplete } = queueOfMebibytes(40, 40).peek(MAX_ROWS) ?? {}
      assert.deepEqual([requests, isComplete], [1, true])
    })

    it('counts the bytes that wait, of suspects too', () => {
      const queue = queueOfMebibytes(2, 3, 5)
      assert.equal(queue.bytes, 10 * MEBIBYTE)
      for (const suspect of queue.remove(({ init }) => init.id === '1')) queue.pushSuspect(suspect)
      assert.equal(queue.bytes, 10 * MEBIBYTE)
      queue.take(MAX_ROWS)
      assert.equal(queue.bytes, 3 * MEBIBYTE)
      queue.takeSuspect()
      assert.equal(queue.bytes, 0)
    })

    it('counts tensors by their data', () => {
      const queue = new RequestQueue()
      const x = { name: 'x', dtype: 'FP32', shape: [1, 3], data: new Float32Array(3) } as const
      const s = { name: 's', dtype: 'BYTES', shape: [1, 2], data: ['ab', 'c'] } as const
      queue.push(pendingRequest({ payload: { kind: 'tensors', tensors: [x, s] } }))
      assert.equal(queue.bytes, 15)
    })
  })

  it('knows the earliest deadline of the candidate, and of no other request', () => {
    const queue = new RequestQueue()
    for (const deadlineMs of [50, 30, 40, 60, 10]) queue.push(pendingRequest({ deadlineMs }))
    assert.equal(queue.peek(MAX_ROWS)?.earliestDeadlineMs, 30)
  })

  it('takes back what was taken, before all others of its bucket', () => {
    const queue = queueOf('a1 a1 a1 b1 a1')
    const [first, ...others] = queue.take(3)
    assert.equal(first?.init.id, '0')
    queue.putFirst(others)
    assert.deepEqual([queue.size, queue.rows], [4, 4])
    assert.equal(drain(queue), '124 3')
  })

  it('takes back the whole of a bucket', () => {
    const queue = queueOf('a1 a1')
    queue.putFirst(queue.take(MAX_ROWS))
    queue.putFirst([])
    assert.deepEqual([queue.hasBucket('a'), queue.hasBucket('b'), drain(queue)], [true, false, '01'])
  })

  it('has no candidate and no batch when it is empty', () => {
    const queue = new RequestQueue()
    assert.equal(queue.peek(MAX_ROWS), undefined)
    assert.deepEqual(queue.take(MAX_ROWS), [])
    assert.equal(queue.takeSuspect(), undefined)
  })

  it('hands out suspects one at a time, and never in a batch of others', () => {
    const queue = queueOf('a1 a1')
    queue.pushSuspect(pendingRequest({ id: 'x', bucket: 'a' }))
    queue.pushSuspect(pendingRequest({ id: 'y', bucket: 'a' }))
    assert.equal(queue.hasSuspect, true)
    assert.equal(queue.takeSuspect()?.init.id, 'x')
    assert.equal(ids(queue.take(MAX_ROWS)), '01')
    assert.equal(queue.takeSuspect()?.init.id, 'y')
    assert.equal(queue.hasSuspect, false)
  })

  const REMOVALS: readonly { readonly it: string; readonly removed: string; readonly left: string }[] = [
    { it: 'removes from the front', removed: '0', left: '13 2' },
    { it: 'removes from the back', removed: '3', left: '02 1' },
    { it: 'removes a whole bucket', removed: '02', left: '13' },
    { it: 'removes everything', removed: '0123', left: '' },
    { it: 'removes nothing', removed: '', left: '02 13' },
  ]
  for (const { it: claim, removed, left } of REMOVALS) {
    it(claim, () => {
      const queue = queueOf('a1 b1 a1 b1')
      const gone = queue.remove(({ init }) => removed.includes(init.id))
      assert.equal(gone.length, removed.length)
      assert.equal(queue.size, 4 - removed.length)
      assert.equal(queue.rows, 4 - removed.length)
      assert.equal(drain(queue), left)
    })
  }

  it('closes a batch before its payloads exceed what one frame should carry', () => {
    const queue = new RequestQueue()
    const half = { kind: 'parts', parts: [{ name: 'body', bytes: new Uint8Array(40 * 2 ** 20) }] } as const
    for (let i = 0; i < 2; i++) queue.push(pendingRequest({ payload: half }))
    assert.equal(queue.bytes, 80 * 2 ** 20)
    assert.equal(queue.take(MAX_ROWS).length, 1)
    assert.equal(queue.take(MAX_ROWS).length, 1)
    assert.equal(queue.bytes, 0)
  })

  it('removes suspects too', () => {
    const queue = queueOf('a1')
    const suspect = pendingRequest()
    queue.pushSuspect(suspect)
    assert.deepEqual(
      queue.remove((request) => request === suspect),
      [suspect],
    )
    assert.equal(queue.hasSuspect, false)
    assert.equal(queue.size, 1)
  })

  it('loses, doubles and mixes nothing, whatever is pushed, taken and removed', () => {
    const random = seededRandom(7)
    const pick = (count: number) => Math.floor(random() * count)
    const queue = new RequestQueue()
    const inside = new Set<PendingRequest>()
    for (let step = 0; step < 5000; step++) {
      const request = pendingRequest({ bucket: 'abc'.charAt(pick(3)), rows: 1 + pick(6), arrivedAtMs: step })
      queue.push(request)
      inside.add(request)
      const batch = random() < 0.6 ? queue.take(MAX_ROWS) : queue.remove(() => random() < 0.1)
      for (const taken of batch) assert.ok(inside.delete(taken), 'was never pushed, or taken twice')
      assert.equal(queue.size, inside.size)
      assert.equal(queue.rows, rowsOf([...inside]))
    }
    while (queue.size > 0) {
      const batch = queue.take(MAX_ROWS)
      assert.equal(new Set(batch.map(({ init }) => init.bucket)).size, 1)
      assert.ok(batch.length === 1 || rowsOf(batch) <= MAX_ROWS)
      for (const taken of batch) assert.ok(inside.delete(taken))
    }
    assert.equal(inside.size, 0)
  })
})

function rowsOf(requests: readonly PendingRequest[]): number {
  return requests.reduce((sum, { init }) => sum + init.rows, 0)
}
