import assert from 'node:assert/strict'
import { CoreHome, type CoreInstance } from '../../support/core-fixture.ts'
import { settlePromises, until } from '../../support/fake-clock.ts'
import { storeArchive } from '../../support/store-archives.ts'

describe('InferenceService', () => {
  let home: CoreHome
  let core: CoreInstance
  beforeEach(async () => {
    home = await CoreHome.create()
    await storeArchive(home.modelStore, 'm', { version: '1' })
    await storeArchive(home.modelStore, 'm2', { version: '2' })
    core = await home.started({ loads: true })
    await core.register('m')
  })
  afterEach(() => home.remove())

  describe('health', () => {
    /** Whether the server is ready, and its reason. */
    const health = () => {
      const { live, ready, reason } = core.dataPlane.health()
      assert.equal(live, true)
      return ready ? 'ready' : (reason ?? 'no reason')
    }

    it('is ready when every version answers', () => {
      assert.equal(health(), 'ready')
      assert.deepEqual(core.dataPlane.health().versions, [
        { model: { name: 'm', version: '1' }, ready: true },
      ])
    })

    it('is ready without any model', async () => {
      await core.controlPlane.unregister({ name: 'm' })
      assert.equal(health(), 'ready')
    })

    it('does not count a version without workers, but says that it cannot answer', async () => {
      await core.register('m2', 0)
      assert.equal(health(), 'ready')
      assert.deepEqual(core.dataPlane.health().versions[1], {
        model: { name: 'm', version: '2' },
        ready: false,
        reason: 'it has no workers',
      })
    })

    it('does not count a version that is being unregistered', async () => {
      const request = core.admit('m')
      const gone = core.controlPlane.unregister({ name: 'm' })
      await until(() => core.registry.resolve({ name: 'm' }).state === 'draining')
      assert.equal(health(), 'ready')
      assert.equal(core.dataPlane.health().versions[0]?.reason, 'it is draining')
      request.cancel()
      await gone
    })

    it('tells the state of every version of a model, serving or not', async () => {
      await core.register('m2', 0)
      const states = core.dataPlane
        .statesOf('m')
        .map(({ model, state, ready }) => [model.version, state, ready])
      assert.deepEqual(states, [
        ['1', 'ready', true],
        ['2', 'new', false],
      ])
      assert.throws(() => core.dataPlane.statesOf('none'), { code: 'not_found', reason: 'model' })
    })

    it('is not ready while a worker restarts, and says why', async () => {
      core.workers.options = {}
      core.workers.latest().exit()
      assert.equal(health(), 'm/1: no worker is ready (it ended with SIGSEGV)')
      await core.clock.advance(0)
      core.workers.latest().ready()
      assert.equal(health(), 'ready')
    })

    it('says when workers have failed for longer than the retry window, and tries them on', async () => {
      core.workers.options = {}
      core.workers.latest().exit()
      await core.clock.advance(299_999)
      assert.deepEqual(core.dataPlane.health().overdue, [])
      await core.clock.advance(1)
      assert.match(health(), /have failed for 300 s, and maxRetryTimeoutMs is 300000; they are started on/)
      assert.deepEqual(core.dataPlane.health().overdue, [{ name: 'm', version: '1' }])
      core.workers.options = { loads: true }
      await core.clock.advance(60_000)
      assert.equal(health(), 'ready')
      assert.deepEqual(core.dataPlane.health().overdue, [])
    })

    it('counts the window from a start that failed, too', async () => {
      core.workers.options = {}
      await core.controlPlane.unregister({ name: 'm' })
      await core.controlPlane.register({ archive: 'm2', synchronous: false })
      await settlePromises()
      core.workers.latest().failToLoad()
      await settlePromises()
      assert.deepEqual(core.dataPlane.health().overdue, [])
      await core.clock.advance(300_000)
      assert.deepEqual(core.dataPlane.health().overdue, [{ name: 'm', version: '2' }])
    })

    it('is not ready when a version failed, and says why', async () => {
      core.workers.options = {}
      await core.controlPlane.register({ archive: 'm2', synchronous: false })
      await settlePromises()
      core.workers.latest().failToLoad()
      await settlePromises()
      assert.equal(health(), 'm/2: it is failed (the graph is broken)')
    })

    it('is not ready once a shutdown is announced, and still serves', async () => {
      core.dataPlane.announceShutdown()
      assert.equal(health(), 'the server is shutting down')
      const running = core.ask('m')
      core.workers.batches[0]?.answer()
      assert.equal(await running, 'm/1: r')
    })

    it('is not ready while a model of the start is missing', async () => {
      core = home.core({ loads: true }, { loadModels: { kind: 'list', archives: [{ archive: 'x.mar' }] } })
      await core.load()
      assert.match(health(), /^archive 'x.mar' is not in the model store/)
      assert.equal(core.dataPlane.health().versions.length, 1)
    })

    it('is ready again when that is there at last', async () => {
      const archives = [{ archive: 'late.mar' }, { archive: 'm2', name: 'm' }]
      core = home.core({}, { loadModels: { kind: 'list', archives } })
      const loading = core.load()
      await until(() => core.workers.processes.length === 1)
      core.workers.latest().ready()
      await until(() => core.workers.processes.length === 2)
      core.workers.latest().failToLoad()
      await loading
      assert.match(
        health(),
        /^archive 'late.mar' is not .*; model 'm' version '2': m\/2 did not start: the graph is broken$/,
      )
      core.workers.options = { loads: true }
      await storeArchive(home.modelStore, 'late.mar', { modelName: 'late' })
      await core.register('late.mar')
      assert.equal(health(), "model 'm' version '2': m/2 did not start: the graph is broken")
      await core.register('m2')
      assert.equal(health(), 'ready')
    })

    it('says of one version whether it answers, and why not', async () => {
      await core.register('m2', 0)
      assert.deepEqual(core.dataPlane.modelHealth({ name: 'm' }), {
        model: { name: 'm', version: '1' },
        ready: true,
      })
      assert.equal(core.dataPlane.modelHealth({ name: 'm', version: '2' }).reason, 'it has no workers')
      assert.throws(() => core.dataPlane.modelHealth({ name: 'x' }), { code: 'not_found' })
    })
  })
})
