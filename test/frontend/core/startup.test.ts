import assert from 'node:assert/strict'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { DeclaredModels } from '../../../frontend/core/startup.ts'
import type { CoreHome, CoreInstance } from '../../support/core-fixture.ts'
import { until } from '../../support/fake-clock.ts'
import { storeArchive } from '../../support/store-archives.ts'
import { killedServer, startupHome } from '../../support/startup-home.ts'

const SERVING = { loads: true, answers: true }
const ALL: DeclaredModels = { kind: 'all' }

function listed(
  ...archives: readonly { readonly name?: string; readonly archive: string }[]
): DeclaredModels {
  return { kind: 'list', archives }
}

describe('loadStartupModels', function () {
  this.timeout(20_000)

  let home: CoreHome
  beforeEach(async () => {
    home = await startupHome()
  })
  afterEach(() => home.remove())

  const AS_LEFT = ['m/1 ready 3', 'm/2* ready 1', 'n/1* new 0']
  const objects = async () => (await readdir(join(home.stateDir, 'objects'))).length

  describe('of an earlier run', () => {
    it('brings back every version, its workers and its default', async () => {
      await killedServer(home)
      const core = await home.started()
      assert.deepEqual(core.versions(), AS_LEFT)
      assert.equal(await core.ask('m'), 'm/2: r')
      assert.deepEqual(await home.onDisk(), ['m=2: 1×3 2×default', 'n=1: 1×0'])
    })

    it('brings everything back although the archives are gone', async () => {
      await killedServer(home)
      for (const archive of ['m1', 'm2', 'n']) await rm(join(home.modelStore, archive), { recursive: true })
      const core = home.core()
      assert.deepEqual(await core.load(), [])
      assert.deepEqual(core.versions(), AS_LEFT)
    })

    it('brings back what was registered, although the archive has changed', async () => {
      const before = await killedServer(home)
      const { digest } = before.registry.resolve({ name: 'm', version: '1' }).artefact
      await storeArchive(home.modelStore, 'm1', { version: '1', labels: 'new' })
      const core = await home.started()
      assert.equal(core.registry.resolve({ name: 'm', version: '1' }).artefact.digest, digest)
    })

    it('brings back name, handler and settings of the registration', async () => {
      const first = await home.started()
      const settings = { maxBatchRows: 2, maxQueuedRequests: 7 }
      await first.controlPlane.register({
        archive: 'm1',
        name: 'other',
        handler: 'image_classifier',
        settings,
        synchronous: true,
      })
      const core = await home.started()
      const [described] = core.controlPlane.describe({ name: 'other' })
      assert.equal(described?.handler, 'image_classifier')
      assert.deepEqual([described.maxBatchRows, described.maxQueuedRequests], [2, 7])
    })

    it('starts with nothing the first time', async () => {
      const core = home.core()
      assert.deepEqual(await core.load(), [])
      assert.deepEqual(core.versions(), [])
    })

    it('refuses to start when no snapshot is readable', async () => {
      await killedServer(home)
      for (const name of await readdir(home.registryDir)) await writeFile(join(home.registryDir, name), 'x')
      await assert.rejects(home.core().load(), { code: 'failed_precondition', reason: 'snapshot' })
    })

    it('serves although it cannot write', async () => {
      await killedServer(home)
      await home.breakDisk(7)
      const core = home.core()
      assert.match((await core.load()).join('\n'), /^the registry: the change could not be saved/)
      assert.deepEqual(core.versions(), AS_LEFT)
    })
  })

  describe('of a version that cannot be brought back', () => {
    /** The unpacked files of m/2, the default version, are gone. */
    async function damaged(): Promise<CoreInstance> {
      const core = await killedServer(home)
      const { modelDir } = core.registry.resolve({ name: 'm', version: '2' }).artefact
      await rm(modelDir, { recursive: true })
      return core
    }

    it('brings back the others, says which one is missing, and is not ready', async () => {
      await damaged()
      const core = home.core()
      const failures = await core.load()
      assert.equal(failures.length, 1)
      assert.match(failures[0] ?? '', /^model 'm' version '2': the unpacked files of archive 'm2' are gone/)
      assert.deepEqual(core.versions(), ['m/1* ready 3', 'n/1* new 0'])
      assert.equal(core.dataPlane.health().ready, false)
    })

    it('keeps its record, and its being the default, for a later start', async () => {
      const { modelDir } = (await damaged()).registry.resolve({ name: 'm', version: '2' }).artefact
      await home.started()
      assert.deepEqual(await home.onDisk(), ['m=2: 1×3 2×default', 'n=1: 1×0'])
      await mkdir(modelDir)
      await storeArchive(modelDir, '.', { version: '2' })
      assert.deepEqual((await home.started()).versions(), AS_LEFT)
    })

    it('can be registered again, and unregistered for good', async () => {
      await damaged()
      const core = await home.started()
      await core.register('m2')
      await core.controlPlane.unregister({ name: 'm', version: '2' })
      assert.deepEqual(await home.onDisk(), ['m=1: 1×3', 'n=1: 1×0'])
    })
  })

  describe('unregistering what could not be brought back', () => {
    const UNREGISTERED = [
      { selector: { name: 'm', version: '2' }, gone: '2', left: ['m=1: 1×3', 'n=1: 1×0'] },
      { selector: { name: 'n' }, gone: '1', left: ['m=2: 1×3 2×default'] },
    ]
    for (const { selector, gone, left } of UNREGISTERED) {
      it(`is unregistered for good as ${JSON.stringify(selector)}, without its files`, async () => {
        const before = await killedServer(home)
        for (const id of [
          { name: 'm', version: '2' },
          { name: 'n', version: '1' },
        ]) {
          await rm(before.registry.resolve(id).artefact.modelDir, { recursive: true, force: true })
        }
        const core = await home.started()
        const model = await core.controlPlane.unregister(selector)
        assert.deepEqual(model, { name: selector.name, version: gone })
        assert.deepEqual(await home.onDisk(), left)
        await assert.rejects(core.controlPlane.unregister(model), { code: 'not_found' })
      })
    }
  })

  describe('of a version whose workers do not start', () => {
    it('keeps it registered as failed, and its record', async () => {
      await killedServer(home)
      const core = home.core({})
      const loading = core.load()
      await until(() => core.workers.processes.length === 2)
      core.workers.processes[0]?.failToLoad()
      core.workers.processes[1]?.ready()
      assert.deepEqual(await loading, ["model 'm' version '1': m/1 did not start: the graph is broken"])
      assert.deepEqual(core.versions(), ['m/1 failed 0', 'm/2* ready 1', 'n/1* new 0'])
      assert.deepEqual(await home.onDisk(), ['m=2: 1×3 2×default', 'n=1: 1×0'])
    })

    it('serves it once it is scaled again', async () => {
      await killedServer(home)
      const core = home.core({})
      const loading = core.load()
      await until(() => core.workers.processes.length === 2)
      for (const process of core.workers.processes) process.failToLoad()
      await loading
      core.workers.options = SERVING
      await core.controlPlane.scale({ model: { name: 'm' }, minWorkers: 1, synchronous: true })
      assert.equal(await core.ask('m'), 'm/2: r')
    })
  })

  describe('of declared archives', () => {
    it('registers every archive of the store', async () => {
      const core = home.core(SERVING, { loadModels: ALL })
      assert.deepEqual(await core.load(), [])
      assert.deepEqual(core.versions(), ['m/1* ready 1', 'm/2 ready 1', 'n/1* ready 1'])
      assert.equal(core.controlPlane.describe({ name: 'm' })[0]?.loadedAtStartup, true)
      assert.equal(await objects(), 3)
      assert.deepEqual(await home.onDisk(), ['m=1: 1×default 2×default', 'n=1: 1×default'])
    })

    it('registers those that are listed, under the names they are given', async () => {
      const core = home.core(SERVING, { loadModels: listed({ archive: 'm2' }, { name: 'x', archive: 'n' }) })
      await core.load()
      assert.deepEqual(core.versions(), ['m/2* ready 1', 'x/1* ready 1'])
    })

    it('serves the others when one is broken or absent, and says which', async () => {
      await writeFile(join(home.modelStore, 'broken.mar'), 'x')
      const core = home.core(SERVING, {
        loadModels: listed({ archive: 'absent.mar' }, { archive: 'broken.mar' }, { archive: 'n' }),
      })
      const failures = await core.load()
      assert.deepEqual(core.versions(), ['n/1* ready 1'])
      assert.match(failures[0] ?? '', /^archive 'absent.mar' is not in the model store/)
      assert.match(failures[1] ?? '', /^archive 'broken.mar': /)
      assert.equal(failures.length, 2)
    })

    it('keeps how a declared version was scaled', async () => {
      await killedServer(home)
      const core = home.core(SERVING, { loadModels: ALL })
      assert.deepEqual(await core.load(), [])
      assert.deepEqual(core.versions(), AS_LEFT)
    })

    it('replaces a version whose archive has changed, and remembers that', async () => {
      const before = await killedServer(home)
      const { digest } = before.registry.resolve({ name: 'm', version: '1' }).artefact
      await storeArchive(home.modelStore, 'm1', { version: '1', labels: 'new' })
      const core = await home.started(SERVING, { loadModels: listed({ archive: 'm1' }) })
      const replaced = core.registry.resolve({ name: 'm', version: '1' })
      assert.notEqual(replaced.artefact.digest, digest)
      assert.equal(replaced.loadedAtStartup, true)
      assert.deepEqual(core.versions(), AS_LEFT)
      const later = await home.started()
      assert.equal(
        later.registry.resolve({ name: 'm', version: '1' }).artefact.digest,
        replaced.artefact.digest,
      )
    })

    it('remembers from which archive a replaced version comes', async () => {
      await killedServer(home)
      await storeArchive(home.modelStore, 'renamed', { version: '1', labels: 'new' })
      await home.started(SERVING, { loadModels: listed({ archive: 'renamed' }) })
      const later = await home.started()
      assert.equal(later.registry.resolve({ name: 'm', version: '1' }).artefact.archive, 'renamed')
    })

    it('serves the acknowledged version when its declared archive is broken', async () => {
      await killedServer(home)
      await rm(join(home.modelStore, 'm1'), { recursive: true })
      const core = home.core(SERVING, { loadModels: listed({ archive: 'm1' }) })
      assert.equal((await core.load()).length, 1)
      assert.deepEqual(core.versions(), AS_LEFT)
    })
  })

  it('collects unpacked files that no kept snapshot names, and no served version needs', async () => {
    const core = await killedServer(home)
    await core.controlPlane.unregister({ name: 'n' })
    assert.equal(await objects(), 3)
    for (const minWorkers of [1, 2]) {
      await core.controlPlane.scale({ model: { name: 'm' }, minWorkers, synchronous: true })
    }
    await home.started()
    assert.equal(await objects(), 2)
  })
})
