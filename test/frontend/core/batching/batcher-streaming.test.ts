import assert from 'node:assert/strict'
import type { ResponsePiece } from '../../../../worker/contract/messages.ts'
import { ServingError } from '../../../../worker/contract/errors.ts'
import { batcherFixture as fixture, textOf } from '../../../support/batcher-fixture.ts'
import { settlePromises } from '../../../support/fake-clock.ts'

const piece = (text: string, head: Partial<ResponsePiece> = {}): ResponsePiece => ({
  ...head,
  bytes: Buffer.from(text),
})
const MEBIBYTE = 1024 * 1024
const TOO_LARGE = 'resource_exhausted answer_too_large'

describe('Batcher, streamed answers', () => {
  /** A batch of `a`, whose pieces are taken, and `b`, whose pieces are put together. */
  function streaming(onPiece?: (piece: ResponsePiece) => void) {
    const taken: string[] = []
    const all = fixture({ isReady: false })
    all.push('a', {
      onPiece:
        onPiece ??
        ((each) => {
          taken.push(Buffer.from(each.bytes).toString())
        }),
    })
    all.push('b')
    all.workers.latest().ready()
    const [batch] = all.workers.batches
    assert.ok(batch?.ids === 'a b')
    return { ...all, batch, taken }
  }

  it('gives each piece away while the batch still runs', async () => {
    const { batch, taken, outcomeOf, outcomes } = streaming()
    batch.piece(0, piece('1', { status: 202 }))
    batch.piece(0, piece('2'))
    assert.deepEqual(taken, ['1', '2'])
    assert.equal(await outcomeOf('a'), 'pending')
    batch.answer()
    assert.equal(await outcomeOf('a'), 'a')
    const outcome = outcomes.get('a')
    assert.equal(outcome?.ok === true && outcome.streamed, true)
  })

  it('puts the pieces together, under the head of the first, for a caller that wants one answer', async () => {
    const { batch, outcomeOf, outcomes } = streaming()
    batch.piece(1, piece('1', { status: 202, headers: { 'x-a': '1' }, contentType: 'text/csv' }))
    batch.piece(1, piece('2'))
    batch.answer()
    await outcomeOf('b')
    const outcome = outcomes.get('b')
    assert.ok(outcome?.ok === true)
    assert.equal(textOf(outcome), '12b')
    const { payload, ...head } = outcome.response
    assert.deepEqual(head, { status: 202, headers: { 'x-a': '1' } })
    assert.equal(payload.kind === 'bytes' && payload.contentType, 'text/csv')
    assert.equal(outcome.streamed, undefined)
  })

  it('drops the pieces of a request that has ended, and tells the worker once that nobody waits', async () => {
    const gone = new AbortController()
    const { clock, push, workers, outcomeOf } = fixture()
    const taken: string[] = []
    push('a', { signal: gone.signal, onPiece: (each) => taken.push(Buffer.from(each.bytes).toString()) })
    const [batch] = workers.batches
    gone.abort()
    await clock.advance(100)
    assert.equal(await outcomeOf('a'), 'cancelled client_gone')
    batch?.piece(0, piece('late'))
    assert.deepEqual(taken, [])
    assert.deepEqual(batch?.cancelled, ['a'])
  })

  it('tells the worker that a deadline has passed', async () => {
    const { clock, push, workers } = fixture()
    push('a', { deadlineMs: 50 })
    const [batch] = workers.batches
    await clock.advance(80)
    assert.deepEqual(batch?.cancelled, ['a'])
  })

  it('ends an answer that grows too large to be had in one, and stops its handler', async () => {
    const { batch, outcomeOf } = streaming()
    batch.piece(1, { bytes: new Uint8Array(64 * MEBIBYTE) })
    assert.equal(await outcomeOf('b'), 'pending')
    batch.piece(1, piece('one more'))
    assert.equal(await outcomeOf('b'), 'resource_exhausted answer_too_large')
    assert.deepEqual(batch.cancelled, ['b'])
  })

  const LIMITED = [
    { it: 'is at the limit with its last piece', pieces: ['1234', '567'], outcome: '1234567a' },
    { it: 'passes the limit with a piece', pieces: ['1234', '56789'], outcome: TOO_LARGE },
    { it: 'passes the limit with its last piece', pieces: ['1234', '5678'], outcome: TOO_LARGE },
  ]
  for (const { it: claim, pieces, outcome } of LIMITED) {
    it(`holds an answer in one to maxResponseBytes when it ${claim}`, async () => {
      const { push, workers, outcomeOf } = fixture({ limits: { maxResponseBytes: 8 } })
      push('a')
      for (const text of pieces) workers.batches[0]?.piece(0, piece(text))
      workers.batches[0]?.answer()
      assert.equal(await outcomeOf('a'), outcome)
    })
  }

  const THROWN = [
    {
      it: 'its own error',
      error: new ServingError('cancelled', 'too slow', { reason: 'slow_reader' }),
      outcome: 'cancelled slow_reader',
    },
    { it: 'an internal error', error: new Error('a bug'), outcome: 'internal stream_broken' },
  ]
  for (const { it: name, error, outcome } of THROWN) {
    it(`ends a request with ${name} when its taker throws, and no other`, async () => {
      const { batch, outcomeOf } = streaming(() => {
        throw error
      })
      batch.piece(0, piece('1'))
      assert.equal(await outcomeOf('a'), outcome)
      assert.deepEqual(batch.cancelled, ['a'])
      batch.answer()
      assert.equal(await outcomeOf('b'), 'b')
    })
  }

  it('does not try a request again of whose answer a part was given away', async () => {
    const { batch, workers, clock, outcomeOf, running } = streaming()
    batch.piece(0, piece('1'))
    batch.piece(1, piece('kept'))
    workers.latest().exit()
    assert.equal(await outcomeOf('a'), 'unavailable stream_broken')
    await clock.advance(0)
    workers.latest().ready()
    await settlePromises()
    assert.deepEqual(running(), ['b'])
    workers.batches[0]?.answer()
    assert.equal(await outcomeOf('b'), 'b')
  })
})
