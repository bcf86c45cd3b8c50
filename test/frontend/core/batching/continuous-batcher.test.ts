import assert from 'node:assert/strict'
import { ServingError } from '../../../../worker/contract/errors.ts'
import { continuousFixture as fixture, piece } from '../../../support/continuous-fixture.ts'
import { echo, failure } from '../../../support/fake-worker-process.ts'

describe('ContinuousBatcher', () => {
  it('sends a payload once, and has its request in every turn until its last piece', async () => {
    const { push, running, turn, outcomeOf } = fixture()
    push('a')
    assert.deepEqual(running(), ['a+'])
    await turn(() => piece('one ', true))
    assert.deepEqual(running(), ['a'])
    await turn(() => piece('two ', true))
    await turn(() => piece('three', false))
    assert.equal(await outcomeOf('a'), 'one two three')
    assert.deepEqual(running(), [])
  })

  it('lets late requests join between two turns, and gives out pieces as they come', async () => {
    const { stream, running, turn, pieces, outcomeOf } = fixture()
    stream('a')
    stream('b')
    assert.deepEqual(running(), ['a+'])
    await turn()
    assert.deepEqual(running(), ['a b+'])
    await turn(({ id }) => piece(id, id === 'a'))
    assert.deepEqual([await outcomeOf('a'), await outcomeOf('b')], ['pending', 'b'])
    assert.equal(pieces.get('a'), '.a')
    assert.deepEqual(running(), ['a'])
  })

  it('has no more rows in a turn than the limit, and refills at once what ends', async () => {
    const { push, running, turn } = fixture({ maxBatchRows: 2 })
    for (const id of ['a', 'b', 'c']) push(id)
    await turn()
    assert.deepEqual(running(), ['a b+'])
    await turn(({ id }) => piece(id, id !== 'a'))
    assert.deepEqual(running(), ['b c+'])
  })

  it('gives a new request to the emptiest worker process', async () => {
    const { push, running, turn } = fixture({ threads: [1, 1] })
    for (const id of ['a', 'b', 'c']) push(id)
    assert.deepEqual(running(), ['a+', 'b+'])
    await turn(undefined, 1)
    assert.deepEqual(running(), ['a+', 'b c+'])
  })

  it('names each request to its worker by a key of its own, whatever its id', async () => {
    const { push, workers, turn } = fixture()
    push('same')
    await turn()
    push('same')
    await turn()
    const keys = workers.batches[0]?.requests.map((request) => request.turn?.key)
    assert.equal(new Set(keys).size, 2)
  })

  describe('a request whose client has gone', () => {
    it('is told to the handler, and is not in the next turn', async () => {
      const { stream, running, workers, turn, clock, outcomeOf } = fixture()
      const client = new AbortController()
      stream('a', { signal: client.signal })
      stream('b')
      await turn()
      client.abort()
      await clock.advance(20)
      assert.equal(await outcomeOf('a'), 'cancelled client_gone')
      assert.deepEqual(workers.batches[0]?.cancelled, ['a'])
      await turn()
      assert.deepEqual(running(), ['b'])
    })

    it('is forgotten by the worker even if no other is there', async () => {
      const { stream, workers, running, turn, clock } = fixture()
      const client = new AbortController()
      stream('a', { signal: client.signal })
      await turn()
      client.abort()
      await clock.advance(20)
      await turn()
      assert.deepEqual(running(), [''])
      await turn()
      assert.deepEqual(workers.batches, [])
    })
  })

  it('tells the handler at once when a piece within a turn is not taken', async () => {
    const { push, workers, outcomeOf } = fixture()
    push('a', {
      onPiece: () => {
        throw new ServingError('cancelled', 'too slow', { reason: 'slow_reader' })
      },
    })
    workers.batches[0]?.piece(0, { bytes: Buffer.from('x') })
    assert.deepEqual(workers.batches[0]?.cancelled, ['a'])
    assert.equal(await outcomeOf('a'), 'cancelled slow_reader')
  })

  it('ends a request whose deadline passes between its pieces', async () => {
    const { stream, turn, clock, outcomeOf } = fixture()
    stream('a', { deadlineMs: 100 })
    await turn()
    await clock.advance(120)
    assert.equal(await outcomeOf('a'), 'deadline_exceeded worker')
  })

  it('fails one request alone', async () => {
    const { push, turn, running, outcomeOf } = fixture()
    push('a')
    push('b')
    await turn()
    await turn(({ id }) => (id === 'a' ? failure('invalid_argument', 'bad') : piece('.', true)))
    assert.equal(await outcomeOf('a'), 'invalid_argument')
    assert.deepEqual(running(), ['b'])
  })

  describe('when a worker process dies', () => {
    it('ends what has streamed, and tries the others again from their start, each by itself', async () => {
      const { stream, push, workers, turn, running, clock, outcomeOf } = fixture({ maxBatchRows: 3 })
      stream('streamed')
      push('collected')
      push('late')
      await turn()
      await turn(({ id }) => piece(id, true))
      workers.latest().exit()
      assert.equal(await outcomeOf('streamed'), 'unavailable stream_broken')
      await clock.advance(0)
      workers.latest().ready()
      assert.deepEqual(running(), ['collected+'])
      await turn()
      assert.deepEqual(running(), ['collected'])
      await turn(({ id }) => piece(id, false))
      assert.equal(await outcomeOf('collected'), '.collected')
      assert.deepEqual(running(), ['late+'])
      workers.latest().exit()
      assert.equal(await outcomeOf('late'), 'internal worker_crashed')
    })

    it('kills one whose turn takes too long', async () => {
      const { push, workers, clock } = fixture()
      push('a', { deadlineMs: 5000 })
      await clock.advance(1300)
      assert.deepEqual(workers.processes[0]?.kills, [
        { cause: 'timeout', detail: 'a turn took longer than 1000 ms' },
      ])
    })
  })

  it('keeps requests that have begun on the old workers through a scaling', async () => {
    const { push, workers, running, turn, scale, outcomeOf } = fixture()
    push('a')
    let hasLeft = false
    const left = scale().then(() => (hasLeft = true))
    push('b')
    assert.deepEqual(running(), ['a+', 'b+'])
    await turn()
    assert.deepEqual([running(), hasLeft], [['a', 'b+'], false])
    workers.processes[0]?.batches[0]?.answer(() => piece('end', false))
    await left
    assert.equal(await outcomeOf('a'), '.end')
  })

  it('runs what is no prediction between two turns', async () => {
    const { push, running, workers, turn, outcomeOf } = fixture()
    push('a')
    push('what are you', { operation: 'describe', bucket: 'describe ' })
    assert.deepEqual(running(), ['a+'])
    await turn()
    assert.equal(workers.batches[0]?.ids, 'what are you')
    await turn(echo)
    assert.equal(await outcomeOf('what are you'), 'what are you')
    assert.deepEqual(running(), ['a'])
  })

  it('fails everything when it is closed, for good', async () => {
    const { batcher, push, outcomeOf } = fixture({ maxBatchRows: 1 })
    for (const id of ['a', 'b']) push(id)
    batcher.close(new ServingError('unavailable', 'closing', { reason: 'closing' }))
    push('c')
    for (const id of ['a', 'b', 'c']) assert.equal(await outcomeOf(id), 'unavailable closing')
  })

  it('owns no timer once nothing waits or runs', async () => {
    const { push, turn, clock } = fixture()
    const before = clock.pendingTimers
    push('a')
    await turn(({ id }) => piece(id, false))
    await clock.advance(20)
    assert.equal(clock.pendingTimers, before)
  })
})
