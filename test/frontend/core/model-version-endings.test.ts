import assert from 'node:assert/strict'
import { settings } from '../../support/artefacts.ts'
import { settlePromises } from '../../support/fake-clock.ts'
import { gate } from '../../support/gate.ts'
import { PARTS, versionFixture as fixture } from '../../support/version-fixture.ts'

describe('ModelVersion', () => {
  describe('scale to 0', () => {
    it('answers what was accepted, then ends the workers', async () => {
      const { version, workers, head, request, scaled } = fixture()
      await scaled(1)
      const [running, queued] = [request('a'), request('b')]
      const done = scaled(0)
      await settlePromises()
      assert.throws(() => version.acquire(head('c')), { code: 'unavailable', reason: 'no_worker' })
      workers.batches[0]?.answer()
      assert.equal(await running, 'a')
      workers.batches[0]?.answer()
      assert.equal(await queued, 'b')
      await done
      await settlePromises()
      assert.deepEqual([version.state, version.workers, workers.alive], ['new', undefined, []])
    })

    it('waits for a body that is still being read, but not for ever', async () => {
      const { version, clock, workers, head, scaled } = fixture()
      await scaled(1)
      version.acquire(head('slow body'))
      const done = scaled(0)
      await clock.advance(999)
      assert.equal(workers.alive.length, 1)
      await clock.advance(1)
      await done
      await settlePromises()
      assert.equal(workers.alive.length, 0)
    })

    it('comes back when it is scaled up', async () => {
      const { version, states, scaled } = fixture()
      await scaled(1)
      await scaled(0)
      await scaled(1)
      assert.equal(version.isReady, true)
      assert.deepEqual(states, ['loading', 'ready', 'new: it was scaled to 0 workers', 'loading', 'ready'])
    })

    it('parks a version that failed', async () => {
      const { version, workers, scaled } = fixture({ workers: {} })
      const failed = scaled(1)
      await settlePromises()
      workers.latest().failToLoad()
      await assert.rejects(failed)
      await scaled(0)
      assert.equal(version.state, 'new')
    })
  })

  describe('unload', () => {
    it('waits for held requests, then ends the workers', async () => {
      const { version, workers, states, head, request, scaled } = fixture()
      await scaled(1)
      const running = request('a')
      const done = version.unload(5000)
      assert.throws(() => version.acquire(head('b')), { code: 'unavailable', reason: 'draining' })
      await settlePromises()
      assert.equal(workers.latest().isStopping, false)
      workers.batches[0]?.answer()
      assert.equal(await running, 'a')
      await done
      assert.deepEqual(states.slice(2), ['draining', 'unloading', 'unloaded'])
      assert.deepEqual(workers.alive, [])
    })

    it('fails what is still held after the timeout, and kills its worker', async () => {
      const { version, clock, workers, request, scaled } = fixture()
      await scaled(1)
      const [running, queued] = [request('a'), request('b')]
      const done = version.unload(300)
      await clock.advance(300)
      assert.equal(await running, 'unavailable draining')
      assert.equal(await queued, 'unavailable draining')
      await done
      assert.deepEqual([version.state, workers.alive], ['unloaded', []])
    })

    it('fails a request whose body arrives after that', async () => {
      const { version, clock, head, scaled } = fixture()
      await scaled(1)
      version.acquire(head('slow body'))
      const done = version.unload(300)
      await clock.advance(300)
      await done
      const outcome = await version.run(head('slow body'), { arrivedAtMs: 0, payload: PARTS })
      assert.ok(!outcome.ok && outcome.error.reason === 'draining')
      version.release()
    })

    it('ends at once when nothing is held, and leaves no timer', async () => {
      const { version, clock, workers, scaled } = fixture()
      await scaled(1)
      await version.unload(300)
      assert.deepEqual([version.state, workers.alive, clock.pendingTimers], ['unloaded', [], 0])
    })

    it('joins a second call, and takes the shorter timeout', async () => {
      const { version, clock, request, scaled } = fixture()
      await scaled(1)
      const running = request('a')
      const both = Promise.all([version.unload(5000), version.unload(300)])
      await clock.advance(300)
      assert.equal(await running, 'unavailable draining')
      await both
      await version.unload(0)
    })

    it('ends a version without workers', async () => {
      const { version, states } = fixture()
      await version.unload(0)
      assert.deepEqual(states, ['draining', 'unloading', 'unloaded'])
    })
  })

  describe('a start that is given up', () => {
    it('ends its workers and fails the scaling', async () => {
      const { version, workers, scaled } = fixture({ workers: {} })
      const done = scaled(1)
      await settlePromises()
      await version.abandonStart()
      await assert.rejects(done, { code: 'internal', message: /its workers were stopped$/ })
      assert.deepEqual([version.state, workers.alive], ['failed', []])
    })

    it('leaves the workers that serve alone', async () => {
      const { version, workers, scaled } = fixture()
      await scaled(1)
      workers.options = {}
      const done = scaled(2)
      await settlePromises()
      await version.abandonStart()
      await assert.rejects(done)
      assert.deepEqual([version.isReady, workers.alive], [true, [workers.processes[0]]])
    })

    it('is given up even while it is being committed', async () => {
      const { version, workers } = fixture()
      const disk = gate()
      const done = version.scale(settings(), () => disk.promise)
      await settlePromises()
      await version.abandonStart()
      disk.open()
      await assert.rejects(done, { message: /its start was given up/ })
      assert.deepEqual([version.state, workers.alive], ['failed', []])
    })

    const MOMENTS = [
      { it: 'while providers are probed', workers: { loads: true }, isProbing: true },
      { it: 'while workers load', workers: {}, isProbing: false },
    ]
    for (const { it: claim, workers: options, isProbing } of MOMENTS) {
      it(`leaves nothing behind when the version is unloaded ${claim}`, async () => {
        const probe = gate()
        const find = () => (isProbing ? probe.promise : Promise.resolve()).then(() => [])
        const { version, workers, clock, scaled } = fixture({ workers: options, find })
        const done = scaled(1)
        const failed = assert.rejects(done)
        await settlePromises()
        await version.unload(100)
        probe.open()
        await failed
        await clock.advance(60_000)
        assert.deepEqual([version.state, workers.alive, clock.pendingTimers], ['unloaded', [], 0])
      })
    }

    it('has nothing to give up when nothing starts', async () => {
      const { version, scaled } = fixture()
      await version.abandonStart()
      await scaled(1)
      await version.abandonStart()
      assert.equal(version.isReady, true)
    })
  })
})
