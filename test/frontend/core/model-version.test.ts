import assert from 'node:assert/strict'
import { settings } from '../../support/artefacts.ts'
import { settlePromises } from '../../support/fake-clock.ts'
import { versionFixture as fixture } from '../../support/version-fixture.ts'

describe('ModelVersion', () => {
  it('is new, refuses requests, and is not ready before its first scaling', () => {
    const { version, head } = fixture()
    assert.deepEqual([version.state, version.isReady, version.workers], ['new', false, undefined])
    assert.throws(() => version.acquire(head('a')), { code: 'unavailable', reason: 'no_worker' })
  })

  describe('scale', () => {
    it('is loading until every worker is warm, then ready', async () => {
      const { version, workers, states, scaled, head } = fixture({ workers: {} })
      const done = scaled(2)
      await settlePromises()
      assert.throws(() => version.acquire(head('a')), { code: 'unavailable', reason: 'loading' })
      workers.latest().ready()
      await done
      assert.deepEqual(states, ['loading', 'ready'])
      assert.equal(version.workers?.readyWorkers, 2)
      assert.equal(version.layout?.plan.why, '2 CPUs ÷ 2 workers')
      assert.equal(version.settings.minWorkers, 2)
    })

    it('keeps serving with the old workers until the new ones are warm', async () => {
      const { version, workers, states, request, scaled } = fixture({
        workers: { loads: true, answers: true },
      })
      await scaled(1)
      workers.options = { answers: true }
      const done = scaled(3)
      await settlePromises()
      assert.equal(await request('during'), 'during')
      assert.equal(workers.processes[0]?.isStopping, false)
      workers.latest().ready()
      await done
      assert.equal(await request('after'), 'after')
      assert.equal(version.workers?.readyWorkers, 3)
      assert.deepEqual(workers.alive, [workers.latest()])
      assert.deepEqual(states, ['loading', 'ready'])
    })

    it('lets the old workers finish what they run', async () => {
      const { workers, request, scaled } = fixture()
      await scaled(1)
      const running = request('a')
      await scaled(2)
      assert.equal(workers.processes[0]?.isGone, false)
      workers.batches[0]?.answer()
      assert.equal(await running, 'a')
      await settlePromises()
      assert.equal(workers.processes[0]?.isGone, true)
    })

    it('keeps the old workers when the new ones do not load, and says why', async () => {
      const { version, workers, states, request, scaled } = fixture({
        workers: { loads: true, answers: true },
      })
      await scaled(1)
      workers.options = { answers: true }
      const done = scaled(2)
      await settlePromises()
      workers.latest().failToLoad()
      await assert.rejects(done, {
        code: 'invalid_argument',
        message: 'm/1 did not start: the graph is broken',
      })
      assert.equal(await request('a'), 'a')
      assert.deepEqual(states, ['loading', 'ready'])
      assert.deepEqual([version.state, version.reason], ['ready', 'the graph is broken'])
      assert.equal(version.settings.minWorkers, 1)
      assert.deepEqual(workers.alive, [workers.processes[0]])
    })

    const FAILURES: readonly {
      readonly it: string
      readonly fail: (all: ReturnType<typeof fixture>) => unknown
      readonly code: string
      readonly message: RegExp
    }[] = [
      {
        it: 'a model that does not load',
        fail: ({ workers }) => workers.latest().failToLoad(),
        code: 'invalid_argument',
        message: /^m\/1 did not start: the graph is broken$/,
      },
      {
        it: 'a process that dies',
        fail: ({ workers }) => workers.latest().exit(),
        code: 'internal',
        message: /^m\/1 did not start: it ended with SIGSEGV$/,
      },
      {
        it: 'a process that takes too long',
        fail: ({ clock }) => clock.advance(10_000),
        code: 'internal',
        message: /did not start: it was not ready within 10000 ms$/,
      },
    ]
    for (const { it: claim, fail, code, message } of FAILURES) {
      it(`fails by ${claim}, leaves no process, and may be tried again`, async () => {
        const all = fixture({ workers: {} })
        const { version, workers, states, restarts, scaled } = all
        const done = scaled(1)
        await settlePromises()
        await Promise.all([assert.rejects(done, { code, message }), fail(all)])
        await all.clock.advance(60_000)
        assert.equal(version.state, 'failed')
        assert.notEqual(version.reason, undefined)
        assert.deepEqual(workers.alive, [])
        assert.deepEqual(restarts, [])
        workers.options = { loads: true }
        await scaled(1)
        assert.deepEqual(states.map((state) => state.split(':')[0]).slice(2), ['loading', 'ready'])
        assert.equal(version.reason, undefined)
      })
    }

    it('fails when no execution provider can run', async () => {
      const { version, workers } = fixture()
      await assert.rejects(version.scale(settings({ executionProviders: ['cuda'] })), {
        code: 'failed_precondition',
      })
      assert.equal(version.state, 'failed')
      assert.equal(workers.processes.length, 0)
    })

    it('commits when the workers are warm, before they take requests', async () => {
      const { version, workers } = fixture({ workers: {} })
      const steps: string[] = []
      const done = version.scale(settings(), async () => {
        steps.push(`commit while ${version.state}`)
      })
      await settlePromises()
      assert.deepEqual(steps, [])
      workers.latest().ready()
      await done
      assert.deepEqual(steps, ['commit while loading'])
    })

    it('keeps the old workers when the change cannot be committed', async () => {
      const { version, workers, request, scaled } = fixture({ workers: { loads: true, answers: true } })
      await scaled(1)
      const refuse = () => Promise.reject(new Error('disk full'))
      await assert.rejects(version.scale(settings({ minWorkers: 2 }), refuse), /disk full/)
      assert.equal(await request('a'), 'a')
      assert.deepEqual(workers.alive, [workers.processes[0]])
      await assert.rejects(version.scale(settings({ minWorkers: 0 }), refuse), /disk full/)
      assert.equal(version.state, 'ready')
    })
  })

  describe('restarts', () => {
    it('stay ready, and are counted and announced', async () => {
      const { version, clock, workers, states, restarts, request, scaled } = fixture()
      await scaled(1)
      const running = request('a')
      workers.latest().exit()
      await clock.advance(0)
      assert.deepEqual([version.state, version.restarts, restarts], ['ready', 1, ['it ended with SIGSEGV']])
      workers.batches[0]?.answer()
      assert.equal(await running, 'a')
      assert.deepEqual(states, ['loading', 'ready'])
      assert.equal(version.reason, 'it ended with SIGSEGV')
    })

    it('refuse requests while they wait for their back-off, with the reason', async () => {
      const { version, clock, workers, head, scaled } = fixture()
      await scaled(1)
      workers.options = {}
      workers.latest().exit()
      await clock.advance(0)
      version.acquire(head('hopes'))
      workers.latest().exit('it ended with SIGABRT')
      assert.throws(() => version.acquire(head('a')), {
        code: 'unavailable',
        reason: 'no_worker',
        message: 'm/1 cannot answer: it ended with SIGABRT',
        retryAfterMs: 100,
      })
      assert.equal(version.isReady, false)
    })
  })

  describe('admission', () => {
    it('counts requests whose body is still being read', async () => {
      const { version, head, scaled } = fixture({ settings: { maxQueuedRequests: 2 } })
      await scaled(1)
      version.acquire(head('a'))
      version.acquire(head('b'))
      assert.throws(() => version.acquire(head('c')), { code: 'resource_exhausted', reason: 'queue_full' })
      version.abandon()
      version.acquire(head('c'))
    })

    it('gives the place of a running request back', async () => {
      const { version, head, request, scaled } = fixture({ settings: { maxQueuedRequests: 1 } })
      await scaled(1)
      void request('running')
      version.acquire(head('queued'))
      assert.throws(() => version.acquire(head('c')), { reason: 'queue_full' })
    })
  })
})
