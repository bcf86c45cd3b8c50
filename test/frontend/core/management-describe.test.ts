import assert from 'node:assert/strict'
import { CoreHome } from '../../support/core-fixture.ts'
import { storeArchive } from '../../support/store-archives.ts'

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

  describe('describe and list', () => {
    it('describe one version, or all in ascending order', async () => {
      const core = await home.started()
      for (const archive of ['m10', 'm2']) await core.register(archive)
      const { controlPlane } = core
      const versionsOf = (version?: string) =>
        controlPlane
          .describe(version === undefined ? { name: 'm' } : { name: 'm', version })
          .map(({ model, isDefault }) => `${model.version}${isDefault ? '*' : ''}`)
      assert.deepEqual(versionsOf(), ['10*'])
      assert.deepEqual(versionsOf('2'), ['2'])
      assert.deepEqual(versionsOf('all'), ['2', '10*'])
      assert.throws(() => controlPlane.describe({ name: 'x' }), { code: 'not_found' })
    })

    it('describes where a version runs, why so, and what its session says', async () => {
      const core = await home.started()
      await core.register('m1', 2)
      const [described] = core.controlPlane.describe({ name: 'm' })
      assert.deepEqual(described?.provider, {
        device: { provider: 'cpu', deviceId: 0 },
        reason:
          'chosen by auto; cuda is not usable: it was not probed; webgpu is not usable: it was not probed',
      })
      assert.deepEqual([described.layoutReason, described.intraOpThreads], ['2 CPUs ÷ 2 workers', 1])
      assert.deepEqual(described.inputs, [{ name: 'x', dtype: 'FP32', shape: ['batch', 4] }])
      assert.equal(described.workers.length, 2)
      assert.equal(described.loadedAtStartup, false)
    })

    it('describes how its workers fail, and when they are tried again', async () => {
      const core = await home.started()
      await core.register('m1')
      const retry = () => core.controlPlane.describe({ name: 'm' })[0]?.retry
      assert.deepEqual(retry(), { windowMs: 300_000 })
      core.workers.options = {}
      core.workers.latest().exit()
      await core.clock.advance(0)
      core.workers.latest().exit('it ended with SIGABRT')
      await core.clock.advance(40)
      assert.deepEqual(retry(), {
        windowMs: 300_000,
        failingMs: 40,
        lastFailure: 'it ended with SIGABRT',
        nextRetryMs: 60,
      })
    })

    it('describes a version that has no workers', async () => {
      const core = await home.started()
      await core.register('m1', 0)
      const [described] = core.controlPlane.describe({ name: 'm' })
      assert.deepEqual(
        [described?.state, described?.workers, described?.workerProcesses, described?.layoutReason],
        ['new', [], 0, 'no workers'],
      )
    })

    it('list every model by its default version', async () => {
      const core = await home.started()
      for (const archive of ['n', 'm2', 'm1']) await core.register(archive, 0)
      assert.deepEqual(core.controlPlane.list(), [
        { name: 'm', archive: 'm2' },
        { name: 'n', archive: 'n' },
      ])
    })
  })
})
