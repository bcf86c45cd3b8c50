import assert from 'node:assert/strict'
import type { DeclaredModels } from '../../../frontend/core/startup.ts'
import type { CoreHome, CoreInstance } from '../../support/core-fixture.ts'
import { settlePromises, until } from '../../support/fake-clock.ts'
import { killedServer, startupHome } from '../../support/startup-home.ts'

const ALL: DeclaredModels = { kind: 'all' }

describe('loadStartupModels', function () {
  this.timeout(20_000)

  let home: CoreHome
  beforeEach(async () => {
    home = await startupHome()
  })
  afterEach(() => home.remove())

  describe('while it runs', () => {
    /** A server that restores two versions whose workers do not load yet. */
    async function restoring() {
      await killedServer(home)
      const core = home.core({ answers: true })
      const loading = core.load()
      return { core, loading }
    }

    const change = (core: CoreInstance) => core.controlPlane.setDefault({ name: 'm', version: '1' })

    it('refuses changes until all that was acknowledged is back: they would be written without it', async () => {
      const { core, loading } = await restoring()
      const { controlPlane } = core
      const model = { name: 'm' }
      for (const changed of [
        controlPlane.register({ archive: 'n', name: 'x', synchronous: false }),
        controlPlane.scale({ model, minWorkers: 1, synchronous: false }),
        controlPlane.unregister(model),
        change(core),
      ]) {
        await assert.rejects(changed, { code: 'unavailable', reason: 'starting', retryAfterMs: 1000 })
      }
      assert.deepEqual(await home.onDisk(), ['m=2: 1×3 2×default', 'n=1: 1×0'])
      await until(() => core.workers.processes.length === 2)
      for (const process of core.workers.processes) process.ready()
      await loading
    })

    it('takes changes while workers still load', async () => {
      const { core, loading } = await restoring()
      await until(() => core.workers.processes.length === 2)
      await core.register('n').catch(() => undefined) // it is there already
      const [first, second] = core.workers.processes
      const changed = change(core)
      first?.ready()
      second?.ready()
      await Promise.all([changed, loading])
      assert.deepEqual(core.versions(), ['m/1* ready 3', 'm/2 ready 1', 'n/1* new 0'])
    })

    it('says that a model may still come, not that there is none', async () => {
      const { core, loading } = await restoring()
      assert.throws(() => core.admit('m'), { code: 'unavailable', reason: 'starting' })
      assert.throws(() => core.dataPlane.metadata({ name: 'm' }), { code: 'unavailable', reason: 'starting' })
      assert.deepEqual(core.dataPlane.health().ready, false)
      await until(() => core.workers.processes.length === 2)
      for (const process of core.workers.processes) process.ready()
      await loading
      assert.equal(await core.ask('m'), 'm/2: r')
      assert.throws(() => core.admit('x'), { code: 'not_found' })
      assert.deepEqual(core.dataPlane.health().ready, true)
    })

    it('serves each version as soon as it is warm', async () => {
      const { core, loading } = await restoring()
      await until(() => core.workers.processes.length === 2)
      core.workers.processes[1]?.ready()
      await settlePromises()
      assert.equal(await core.ask('m'), 'm/2: r')
      core.workers.processes[0]?.ready()
      await loading
    })

    it('loses nothing to a crash at any moment of it', async () => {
      await killedServer(home)
      for (let turns = 0; turns < 12; turns++) {
        const core = home.core({}, { loadModels: ALL })
        const loading = core.load().catch(() => undefined) // as if killed: whatever comes of it is not looked at
        for (let i = 0; i < turns; i++) await settlePromises()
        assert.deepEqual(await home.onDisk(), ['m=2: 1×3 2×default', 'n=1: 1×0'])
        await until(() => core.workers.processes.length === 2)
        for (const process of core.workers.processes) process.ready()
        await loading
      }
    })
  })
})
