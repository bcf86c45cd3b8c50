import assert from 'node:assert/strict'
import type { DeclaredModels, DeclaredVersion } from '../../../frontend/core/startup.ts'
import type { CoreHome } from '../../support/core-fixture.ts'
import { storeArchive } from '../../support/store-archives.ts'
import { startupHome } from '../../support/startup-home.ts'

const SERVING = { loads: true, answers: true }
const ALL: DeclaredModels = { kind: 'all' }

describe('loadStartupModels', function () {
  this.timeout(20_000)

  let home: CoreHome
  beforeEach(async () => {
    home = await startupHome()
  })
  afterEach(() => home.remove())

  describe('of declared versions', () => {
    const version = (changes: Partial<DeclaredVersion>): DeclaredVersion => ({
      name: 'm',
      version: '1',
      archive: 'm1',
      isDefault: false,
      settings: {},
      ...changes,
    })

    it('registers them with their settings, and the default that is declared', async () => {
      const models = [
        version({ settings: { minWorkers: 2, maxBatchRows: 3 } }),
        version({ version: '2', archive: 'm2', isDefault: true }),
      ]
      const core = await home.started(SERVING, { models, loadModels: ALL })
      assert.deepEqual(core.versions(), ['m/1 ready 2', 'm/2* ready 1', 'n/1* ready 1'])
      const [described] = core.controlPlane.describe({ name: 'm', version: '1' })
      assert.deepEqual(described?.settings.maxBatchRows, { value: 3, source: 'models property' })
      assert.equal(described.loadedAtStartup, true)
    })

    it('counts less than what archive and call say, whenever the version is registered', async () => {
      await storeArchive(home.modelStore, 'm1', { version: '1', config: 'maxBatchRows: 5' })
      const settings = { maxBatchRows: 3, maxBatchDelayMs: 3, maxQueuedRequests: 3 }
      const core = await home.started(SERVING, { models: [version({ settings })] })
      await core.controlPlane.unregister({ name: 'm' })
      await core.controlPlane.register({
        archive: 'm1',
        settings: { maxBatchDelayMs: 9 },
        synchronous: true,
      })
      const [described] = core.controlPlane.describe({ name: 'm' })
      const { maxBatchRows, maxBatchDelayMs, maxQueuedRequests } = described?.settings ?? {}
      assert.deepEqual(
        [maxBatchRows, maxBatchDelayMs, maxQueuedRequests],
        [
          { value: 5, source: 'archive' },
          { value: 9, source: 'api' },
          { value: 3, source: 'models property' },
        ],
      )
    })

    it('keeps the default that was chosen in an earlier run', async () => {
      const before = await home.started()
      for (const archive of ['m1', 'm2']) await before.register(archive)
      await before.controlPlane.setDefault({ name: 'm', version: '2' })
      const core = await home.started(SERVING, { models: [version({ isDefault: true })] })
      assert.deepEqual(core.versions(), ['m/1 ready 1', 'm/2* ready 1'])
    })

    it('says that an archive holds another version than is declared', async () => {
      const core = home.core(SERVING, { models: [version({ version: '7' })] })
      assert.deepEqual(await core.load(), [
        "model 'm' version '7': archive 'm1' holds version '1', and is declared as '7'; correct the declaration, or pack that version",
      ])
      assert.equal(core.dataPlane.health().ready, false)
    })
  })
})
