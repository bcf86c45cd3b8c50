import assert from 'node:assert/strict'
import { sequenceFixture as fixture } from '../../../support/sequence-fixture.ts'

describe('SequenceBatcher, when the state of a sequence is lost', () => {
  it('fails what runs and what waits, tries nothing again, and refuses to go on', async () => {
    const { pushIn, workers, clock, outcomeOf, running, answer } = fixture()
    for (const id of ['a', 'b']) pushIn('s', id)
    workers.latest().exit()
    for (const id of ['a', 'b']) assert.equal(await outcomeOf(id), 'unavailable sequence_lost')
    await clock.advance(0)
    workers.latest().ready()
    assert.deepEqual(running(), [])
    pushIn('s', 'c')
    assert.equal(await outcomeOf('c'), 'unavailable sequence_lost')
    pushIn('s', 'd', { start: true })
    await answer()
    assert.equal(await outcomeOf('d'), 'd')
  })

  it('leaves the sequences of other processes alone', async () => {
    const { pushIn, workers, outcomeOf, answer } = fixture({ threads: [1, 1] })
    pushIn('s', 's1')
    pushIn('t', 't1')
    workers.processes[0]?.exit()
    await answer()
    assert.equal(await outcomeOf('t1'), 't1')
    pushIn('t', 't2')
    await answer()
    assert.equal(await outcomeOf('t2'), 't2')
  })

  it('says so when the thread ended between two requests', async () => {
    const { pushIn, workers, outcomeOf, answer } = fixture()
    pushIn('s', 'a')
    await answer()
    workers.latest().loseThread()
    workers.latest().ready()
    pushIn('s', 'b')
    assert.equal(await outcomeOf('b'), 'unavailable sequence_lost')
  })

  it('fails a request of it that waits for the worker, instead of running it without the state', async () => {
    const { pushIn, workers, clock, outcomeOf, running, answer } = fixture()
    pushIn('s', 's1')
    await answer()
    pushIn('t', 't1')
    pushIn('s', 's2')
    workers.latest().exit()
    assert.equal(await outcomeOf('s2'), 'unavailable sequence_lost')
    await clock.advance(0)
    workers.latest().ready()
    assert.deepEqual(running(), [])
  })

  it('fails an answer that a thread without the state has given', async () => {
    const { pushIn, workers, outcomeOf, answer } = fixture()
    pushIn('s', 'a')
    await answer()
    pushIn('s', 'b')
    workers.latest().loseThread()
    await answer()
    assert.equal(await outcomeOf('b'), 'unavailable sequence_lost')
  })

  it('keeps a sequence of which no worker has seen anything', async () => {
    const { pushIn, workers, clock, outcomeOf, answer } = fixture()
    pushIn('t', 't1')
    pushIn('s', 's1')
    workers.latest().exit()
    await clock.advance(0)
    workers.latest().ready()
    await answer()
    pushIn('s', 's2')
    await answer()
    assert.deepEqual([await outcomeOf('s1'), await outcomeOf('s2')], ['s1', 's2'])
  })

  it('by a scaling lets the running request finish', async () => {
    const { pushIn, outcomeOf, answer, scale } = fixture()
    for (const id of ['a', 'b']) pushIn('s', id)
    scale()
    assert.equal(await outcomeOf('b'), 'unavailable sequence_lost')
    await answer()
    assert.equal(await outcomeOf('a'), 'a')
    pushIn('t', 'c')
    await answer()
    assert.equal(await outcomeOf('c'), 'c')
  })

  it('tries a description again, which is of no sequence', async () => {
    const { push, workers, clock, outcomeOf, answer } = fixture()
    push('d', { operation: 'describe' })
    workers.latest().exit()
    await clock.advance(0)
    workers.latest().ready()
    await answer()
    assert.equal(await outcomeOf('d'), 'd')
  })
})
