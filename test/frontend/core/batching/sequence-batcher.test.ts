import assert from 'node:assert/strict'
import { NO_RUNNERS } from '../../../../frontend/core/batching/runners.ts'
import { sequenceFixture as fixture } from '../../../support/sequence-fixture.ts'
import { echo } from '../../../support/fake-worker-process.ts'

describe('SequenceBatcher', () => {
  it('opens a sequence for a request without an id, and tells the client and the handler', async () => {
    const { push, workers, idOf } = fixture()
    push('a')
    const headers = workers.batches[0]?.requests[0]?.headers ?? {}
    workers.batches[0]?.answer()
    const id = await idOf('a')
    assert.match(id ?? '', /^ts-seq-[0-9a-f-]{36}$/)
    assert.deepEqual(headers, {
      ts_request_sequence_id: id,
      ts_request_sequence_start: 'true',
      ts_request_sequence_end: 'false',
    })
  })

  it('marks only the first request of an id as the start, and one that says so', async () => {
    const { pushIn, workers, answer } = fixture()
    const starts: (string | undefined)[] = []
    for (const [index, mark] of [{}, {}, { start: true }].entries()) {
      pushIn('s', `r${index}`, mark)
      starts.push(workers.batches[0]?.requests[0]?.headers['ts_request_sequence_start'])
      await answer()
    }
    assert.deepEqual(starts, ['true', 'false', 'true'])
  })

  it('marks the next request as the start when the first ended before a worker saw it', async () => {
    const { pushIn, workers, clock, outcomeOf, answer } = fixture()
    pushIn('t', 't1')
    pushIn('s', 's1', {}, { deadlineMs: 100 })
    await clock.advance(150)
    assert.equal(await outcomeOf('s1'), 'deadline_exceeded queue')
    await answer()
    pushIn('s', 's2')
    assert.equal(workers.batches[0]?.requests[0]?.headers['ts_request_sequence_start'], 'true')
  })

  it('runs the requests of a sequence in order, one at a time', async () => {
    const { pushIn, running, answer } = fixture({ sequences: { maxQueuedRequests: 3 } })
    for (const id of ['a', 'b', 'c']) pushIn('s', id)
    for (const id of ['a', 'b', 'c']) {
      assert.deepEqual(running(), [id])
      await answer()
    }
    assert.deepEqual(running(), [])
  })

  it('forms batches across sequences', async () => {
    const { pushIn, running, answer } = fixture()
    pushIn('s', 's1')
    for (const id of ['t', 'u']) pushIn(id, `${id}1`)
    pushIn('s', 's2')
    await answer()
    assert.deepEqual(running(), ['t1 u1'])
    for (const id of ['t', 'u']) pushIn(id, `${id}2`)
    await answer()
    assert.deepEqual(running(), ['s2'])
    await answer()
    assert.deepEqual(running(), ['t2 u2'])
  })

  it('keeps a sequence on its worker process, and spreads sequences', async () => {
    const { pushIn, workers, answer } = fixture({ threads: [1, 1] })
    const placesOf = () => workers.processes.map(({ batches }) => batches.map(({ ids }) => ids).join(' '))
    pushIn('s', 's1')
    pushIn('t', 't1')
    assert.deepEqual(placesOf(), ['s1', 't1'])
    await answer(1)
    pushIn('s', 's2')
    pushIn('t', 't2')
    assert.deepEqual(placesOf(), ['s1', 't2'])
    await answer(0)
    assert.deepEqual(placesOf(), ['s2', 't2'])
  })

  describe('refuses', () => {
    it('a request beyond the queue of its sequence', async () => {
      const { pushIn, outcomeOf } = fixture()
      for (const id of ['a', 'b', 'c']) pushIn('s', id)
      assert.equal(await outcomeOf('b'), 'pending')
      assert.equal(await outcomeOf('c'), 'resource_exhausted sequence_queue_full')
    })

    it('a sequence beyond the limit, until another ends', async () => {
      const { pushIn, outcomeOf, answer } = fixture({ sequences: { maxSequences: 1 } })
      pushIn('s', 'a', { end: true })
      pushIn('t', 'b')
      assert.equal(await outcomeOf('b'), 'resource_exhausted sequence_capacity')
      await answer()
      pushIn('t', 'c')
      await answer()
      assert.equal(await outcomeOf('c'), 'c')
    })

    it('an id that no header can carry', async () => {
      const { pushIn, outcomeOf } = fixture()
      pushIn('two words', 'a')
      assert.equal(await outcomeOf('a'), 'invalid_argument sequence_id')
    })

    it('at admission what it would refuse later', () => {
      const { batcher, pushIn, head } = fixture({ sequences: { maxSequences: 1 } })
      assert.equal(batcher.refusalOf(head({ id: 's' })), undefined)
      pushIn('s', 'a')
      assert.equal(batcher.refusalOf(head({ id: 's' })), undefined)
      assert.equal(batcher.refusalOf(head({ id: 't' }))?.reason, 'sequence_capacity')
      assert.equal(batcher.refusalOf(head({}))?.reason, 'sequence_capacity')
      // Whose sequence its body names, it may belong to an open one.
      assert.equal(batcher.refusalOf({ ...head({}), sequenceInBody: true }), undefined)
      pushIn('s', 'b')
      assert.equal(batcher.refusalOf(head({ id: 's' }))?.reason, 'sequence_queue_full')
    })
  })

  describe('ends a sequence', () => {
    it("with the client's last request, and may open another of that id", async () => {
      const { pushIn, workers, answer } = fixture()
      pushIn('s', 'a', { end: true })
      assert.equal(workers.batches[0]?.requests[0]?.headers['ts_request_sequence_end'], 'true')
      await answer()
      pushIn('s', 'b')
      assert.equal(workers.batches[0]?.requests[0]?.headers['ts_request_sequence_start'], 'true')
    })

    for (const value of ['true', 's', 'other, s']) {
      it(`when the handler answers the header ts_request_sequence_end: ${value}`, async () => {
        const { pushIn, workers, outcomeOf, answer } = fixture()
        pushIn('s', 'a')
        pushIn('s', 'b')
        await answer(0, (request) => {
          const reply = echo(request)
          return reply.ok
            ? { ...reply, value: { ...reply.value, headers: { ts_request_sequence_end: value } } }
            : reply
        })
        assert.equal(await outcomeOf('a'), 'a')
        assert.equal(await outcomeOf('b'), 'failed_precondition sequence_ended')
        pushIn('s', 'c')
        assert.equal(workers.batches[0]?.requests[0]?.headers['ts_request_sequence_start'], 'true')
      })
    }

    it('when the handler says so with the first piece of a streamed answer', async () => {
      const { pushIn, workers, outcomeOf, answer } = fixture()
      pushIn('s', 'a', {}, { onPiece: () => undefined })
      pushIn('s', 'b')
      const headers = { ts_request_sequence_end: 'true' }
      workers.batches[0]?.piece(0, { bytes: Buffer.from('x'), headers })
      await answer()
      assert.equal(await outcomeOf('b'), 'failed_precondition sequence_ended')
    })

    const TIMES = [
      { it: 'that is idle', sequences: { maxIdleMs: 1000 }, withRequests: false },
      { it: 'that lasts too long, although it is busy', sequences: { timeoutMs: 1000 }, withRequests: true },
    ]
    for (const { it: claim, sequences, withRequests } of TIMES) {
      it(`${claim}, and refuses to go on with it unless it is started again`, async () => {
        const { pushIn, clock, outcomeOf, answer } = fixture({ sequences })
        pushIn('s', 'a')
        await answer()
        await clock.advance(600)
        if (withRequests) {
          pushIn('s', 'b')
          await answer()
        }
        await clock.advance(450)
        pushIn('s', 'late')
        assert.equal(await outcomeOf('late'), 'failed_precondition sequence_ended')
        pushIn('s', 'again', { start: true })
        await answer()
        assert.equal(await outcomeOf('again'), 'again')
      })
    }

    it('not by the time since an earlier start, when the client has started it again', async () => {
      const { pushIn, clock, outcomeOf, answer } = fixture({ sequences: { timeoutMs: 1000 } })
      pushIn('s', 'a')
      await answer()
      await clock.advance(600)
      pushIn('s', 'b', { start: true })
      await answer()
      await clock.advance(600)
      pushIn('s', 'c')
      await answer()
      assert.equal(await outcomeOf('c'), 'c')
    })

    it('not while it works, however long', async () => {
      const { pushIn, clock, outcomeOf, answer } = fixture({ sequences: { maxIdleMs: 100 } })
      pushIn('s', 'a')
      await clock.advance(500)
      pushIn('s', 'b')
      await answer()
      await answer()
      assert.equal(await outcomeOf('b'), 'b')
    })
  })

  it('says that no workers are there, when they were taken away while a request arrived', async () => {
    const { batcher, pushIn, push, outcomeOf } = fixture()
    batcher.useRunners(NO_RUNNERS)
    pushIn('s', 'a')
    push('b', { operation: 'describe' })
    for (const id of ['a', 'b']) assert.equal(await outcomeOf(id), 'unavailable no_worker')
  })

  it('ends a request whose deadline passes while it waits in its sequence', async () => {
    const { pushIn, clock, outcomeOf, batcher } = fixture()
    pushIn('s', 'a')
    pushIn('s', 'b', {}, { deadlineMs: 100 })
    assert.equal(batcher.queuedRequests, 1)
    await clock.advance(150)
    assert.equal(await outcomeOf('b'), 'deadline_exceeded queue')
    assert.equal(batcher.queuedRequests, 0)
  })

  it('goes on with a sequence after a request of it failed', async () => {
    const { pushIn, outcomeOf, answer } = fixture()
    pushIn('s', 'a')
    await answer(0, () => ({ ok: false, error: { code: 'invalid_argument', message: 'bad' } }))
    pushIn('s', 'b')
    await answer()
    assert.deepEqual([await outcomeOf('a'), await outcomeOf('b')], ['invalid_argument', 'b'])
  })

  it('tells the id with the first piece of a streamed answer', async () => {
    const { pushIn, workers } = fixture()
    const heads: unknown[] = []
    pushIn('s', 'a', {}, { onPiece: ({ headers }) => heads.push(headers?.['ts_request_sequence_id']) })
    for (const text of ['x', 'y']) workers.batches[0]?.piece(0, { bytes: Buffer.from(text) })
    assert.deepEqual(heads, ['s', undefined])
  })

  it('fails everything when it is closed, for good', async () => {
    const { batcher, pushIn, outcomeOf, closing } = fixture()
    for (const id of ['a', 'b']) pushIn('s', id)
    batcher.close(closing)
    pushIn('t', 'c')
    for (const id of ['a', 'b', 'c']) assert.equal(await outcomeOf(id), 'unavailable closing')
  })

  it('owns no timer once no sequence is open', async () => {
    const { pushIn, clock, answer } = fixture()
    const before = clock.pendingTimers
    pushIn('s', 'a', { end: true })
    await answer()
    await clock.advance(100)
    assert.equal(clock.pendingTimers, before)
  })
})
