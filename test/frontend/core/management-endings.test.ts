import assert from 'node:assert/strict'
import { CoreHome, UNREGISTER_TIMEOUT_MS } from '../../support/core-fixture.ts'
import { settlePromises, until } from '../../support/fake-clock.ts'
import { storeArchive } from '../../support/store-archives.ts'

const PARTS = { kind: 'parts', parts: [] } as const

describe('ManagementService', () => {
  let home: CoreHome
  beforeEach(async () => {
    home = await CoreHome.create()
    await storeArchive(home.modelStore, 'm1', { version: '1' })
    await storeArchive(home.modelStore, 'm2', { version: '2' })
    await storeArchive(home.modelStore, 'm10', { version: '10' })
    await storeArchive(home.modelStore, 'n', { modelName: 'n', config: 'minWorkers: 2' })
  })
  afterEach(() => home.remove())

  describe('unregister', () => {
    it('answers what was accepted, then forgets the version', async () => {
      const core = await home.started({ loads: true })
      await core.register('m1')
      const running = core.ask('m')
      const gone = core.controlPlane.unregister({ name: 'm' })
      await until(() => core.registry.resolve({ name: 'm' }).state === 'draining')
      assert.throws(() => core.admit('m'), { code: 'unavailable', reason: 'draining' })
      core.workers.batches[0]?.answer()
      assert.equal(await running, 'm/1: r')
      assert.deepEqual(await gone, { name: 'm', version: '1' })
      assert.throws(() => core.admit('m'), { code: 'not_found' })
      assert.deepEqual(core.workers.alive, [])
      assert.equal(core.heard.at(-1), 'removed m/1')
    })

    it('fails what is still running after the timeout', async () => {
      const core = await home.started({ loads: true })
      await core.register('m1')
      const running = assert.rejects(core.ask('m'), { code: 'unavailable', reason: 'draining' })
      const gone = core.controlPlane.unregister({ name: 'm' })
      await until(() => core.registry.resolve({ name: 'm' }).state === 'draining')
      await core.clock.advance(UNREGISTER_TIMEOUT_MS)
      await running
      await gone
      assert.deepEqual(core.workers.alive, [])
    })

    it('refuses the default version while others exist, and leaves it alone', async () => {
      const core = await home.started()
      await core.register('m1')
      await core.register('m2')
      for (const selector of [{ name: 'm' }, { name: 'm', version: '1' }]) {
        await assert.rejects(core.controlPlane.unregister(selector), {
          code: 'failed_precondition',
          reason: 'default_version',
        })
      }
      assert.equal(await core.ask('m'), 'm/1: r')
      await core.controlPlane.unregister({ name: 'm', version: '2' })
      await core.controlPlane.unregister({ name: 'm' })
      assert.deepEqual(await home.onDisk(), [])
    })

    it('does not disturb a default version that is loading when it refuses', async () => {
      const core = await home.started()
      await core.register('m1')
      await core.register('m2')
      core.workers.options = {}
      const scaling = core.controlPlane.scale({ model: { name: 'm' }, minWorkers: 2, synchronous: true })
      await settlePromises()
      await assert.rejects(core.controlPlane.unregister({ name: 'm' }), { code: 'failed_precondition' })
      core.workers.latest().ready()
      assert.equal((await scaling).workers, 2)
    })

    it('gives up a registration that is still loading', async () => {
      const core = await home.started({})
      const registering = core.register('m1')
      const failed = assert.rejects(registering, { code: 'internal' })
      await until(() => core.workers.processes.length > 0)
      await assert.rejects(core.controlPlane.unregister({ name: 'm' }), { code: 'not_found' })
      await failed
      assert.deepEqual([core.versions(), core.workers.alive], [[], []])
    })

    it('leaves nothing of a registration that it gives up while that is being saved', async () => {
      const core = await home.started({})
      const registering = core.register('m1').catch(() => undefined) // given up, or just done
      await until(() => core.workers.processes.length > 0)
      core.workers.latest().ready()
      await settlePromises()
      await core.controlPlane.unregister({ name: 'm' }).catch(() => undefined) // gone already
      await registering
      assert.deepEqual([core.versions(), core.workers.alive, await home.onDisk()], [[], [], []])
    })

    it('ends a version that loads in the background', async () => {
      const core = await home.started({})
      await core.controlPlane.register({ archive: 'm1', synchronous: false })
      await settlePromises()
      await core.controlPlane.unregister({ name: 'm' })
      assert.deepEqual([core.versions(), core.workers.alive, await home.onDisk()], [[], [], []])
    })

    it('keeps the version when that cannot be saved', async () => {
      const core = await home.started()
      await core.register('m1')
      await home.breakDisk(2)
      await assert.rejects(core.controlPlane.unregister({ name: 'm' }), { reason: 'state_not_saved' })
      assert.equal(await core.ask('m'), 'm/1: r')
    })

    it('refuses what is not registered, also the second time', async () => {
      const core = await home.started()
      await core.register('m1')
      const results = await Promise.allSettled([
        core.controlPlane.unregister({ name: 'm' }),
        core.controlPlane.unregister({ name: 'm' }),
      ])
      assert.deepEqual(
        results.map(({ status }) => status),
        ['fulfilled', 'rejected'],
      )
      await assert.rejects(core.controlPlane.unregister({ name: 'm' }), { code: 'not_found' })
    })

    it('makes room for the same version again', async () => {
      const core = await home.started()
      await core.register('m1')
      await core.controlPlane.unregister({ name: 'm' })
      await core.register('m1')
      assert.equal(await core.ask('m'), 'm/1: r')
    })
  })

  describe('close', () => {
    it('drains every version, and leaves no process and no timer', async () => {
      const core = await home.started({ loads: true })
      await core.register('m1')
      await core.register('n')
      const running = core.ask('m')
      const closed = core.controlPlane.close(1000)
      await settlePromises()
      core.workers.batches[0]?.answer()
      assert.equal(await running, 'm/1: r')
      await closed
      assert.deepEqual(core.workers.alive, [])
      await core.clock.advance(1000)
      assert.equal(core.clock.pendingTimers, 0)
      assert.deepEqual(await home.onDisk(), ['m=1: 1×default', 'n=1: 1×default'])
    })

    it('gives up what is loading', async () => {
      const core = await home.started({})
      const failed = assert.rejects(core.register('m1'))
      await until(() => core.workers.processes.length > 0)
      await core.controlPlane.close(1000)
      await failed
      assert.deepEqual(core.workers.alive, [])
    })

    it('joins an unregistration that is draining', async () => {
      const core = await home.started({ loads: true })
      await core.register('m1')
      const request = core.admit('m')
      const gone = core.controlPlane.unregister({ name: 'm' })
      await until(() => core.registry.resolve({ name: 'm' }).state === 'draining')
      const closed = core.controlPlane.close(100)
      await core.clock.advance(100)
      await Promise.all([closed, gone])
      await assert.rejects(request.run(PARTS), { code: 'unavailable', reason: 'draining' })
      assert.deepEqual(core.workers.alive, [])
    })
  })
})
