import assert from 'node:assert/strict'
import { settlePromises, TurnClock } from '../../support/fake-clock.ts'
import { versionFixture as fixture } from '../../support/version-fixture.ts'

describe('ModelVersion, admission', () => {
  describe('with useJobTicket', () => {
    const refusal = { code: 'resource_exhausted', reason: 'no_idle_worker' }

    it('admits one request for each idle worker, from its head to its answer', async () => {
      const { version, workers, request, scaled, head } = fixture({ settings: { useJobTicket: true } })
      await scaled(2)
      version.acquire(head('still sending its body'))
      const running = request('a')
      assert.throws(() => version.acquire(head('b')), refusal)
      workers.batches[0]?.answer()
      assert.equal(await running, 'a')
      version.acquire(head('b'))
      assert.throws(() => version.acquire(head('c')), refusal)
    })

    it('gives the ticket of a request back that never came', async () => {
      const { version, scaled, head } = fixture({ settings: { useJobTicket: true } })
      await scaled(1)
      version.acquire(head('a'))
      version.abandon()
      version.acquire(head('b'))
    })

    it('admits nothing while the only worker restarts', async () => {
      const { version, workers, scaled, head } = fixture({ settings: { useJobTicket: true } })
      await scaled(1)
      workers.latest().exit()
      assert.throws(() => version.acquire(head('a')), refusal)
    })

    it('queues as usual without it', async () => {
      const { version, scaled, head } = fixture()
      await scaled(1)
      version.acquire(head('a'))
      version.acquire(head('b'))
    })
  })

  it('does not count as waiting what a free worker takes at the end of the turn', async () => {
    const { workers, version, request, scaled, head } = fixture({
      clock: new TurnClock(),
      settings: { maxQueuedRequests: 1 },
    })
    await scaled(1)
    const first = request('a')
    version.acquire(head('b'))
    assert.throws(() => version.acquire(head('c')), { reason: 'queue_full' })
    workers.batches[0]?.answer()
    assert.equal(await first, 'a')
  })

  describe('with clientTimeoutMs', () => {
    it('ends a request that is older, waiting or running, and leaves its worker alone', async () => {
      const { clock, workers, request, scaled } = fixture({ settings: { clientTimeoutMs: 100 } })
      await scaled(1)
      const endings = [request('a'), request('b')]
      await clock.advance(120)
      assert.deepEqual(await Promise.all(endings), ['deadline_exceeded worker', 'deadline_exceeded queue'])
      assert.deepEqual(workers.latest().kills, [])
      workers.batches[0]?.answer()
      await settlePromises()
      assert.deepEqual(workers.batches, [])
    })
  })
})
