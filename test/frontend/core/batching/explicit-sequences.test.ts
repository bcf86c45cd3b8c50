import assert from 'node:assert/strict'
import { sequenceFixture as fixture } from '../../../support/sequence-fixture.ts'

const EXPLICIT = { explicit: true } as const

describe('a sequence that only its start opens', () => {
  const REFUSED = [
    { it: 'a request without an id', sequence: { start: false, end: false } },
    { it: 'a start without an id', sequence: { start: true, end: false } },
    { it: 'an unknown id without a start', sequence: { id: 's', start: false, end: false } },
  ]
  for (const { it: claim, sequence } of REFUSED) {
    it(`refuses ${claim}`, async () => {
      const { push, running, outcomeOf } = fixture()
      push('a', { sequence: { ...sequence, ...EXPLICIT } })
      assert.equal(await outcomeOf('a'), 'invalid_argument sequence_id')
      assert.deepEqual(running(), [])
    })
  }

  it('goes on without another start, and begins anew with one', async () => {
    const { pushIn, workers, answer } = fixture()
    const starts: (string | undefined)[] = []
    for (const [index, start] of [true, false, true].entries()) {
      pushIn('s', `r${index}`, { start, ...EXPLICIT })
      starts.push(workers.batches[0]?.requests[0]?.headers['ts_request_sequence_start'])
      await answer()
    }
    assert.deepEqual(starts, ['true', 'false', 'true'])
  })

  it('is unknown after its end', async () => {
    const { pushIn, answer, outcomeOf } = fixture()
    pushIn('s', 'a', { start: true, end: true, ...EXPLICIT })
    await answer()
    pushIn('s', 'b', EXPLICIT)
    assert.equal(await outcomeOf('b'), 'invalid_argument sequence_id')
  })

  it('tells that it is over where its client did not end it', async () => {
    const { pushIn, answer, clock, outcomeOf } = fixture({ sequences: { maxIdleMs: 100 } })
    pushIn('s', 'a', { start: true, ...EXPLICIT })
    await answer()
    await clock.advance(200)
    pushIn('s', 'b', EXPLICIT)
    assert.equal(await outcomeOf('b'), 'failed_precondition sequence_ended')
  })

  it('takes one row at a time', async () => {
    const { pushIn, outcomeOf } = fixture()
    pushIn('s', 'a', { start: true, ...EXPLICIT }, { rows: 2 })
    assert.equal(await outcomeOf('a'), 'invalid_argument sequence_rows')
  })
})
