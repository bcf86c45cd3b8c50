import assert from 'node:assert/strict'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ModelRegistry } from '../../../frontend/core/model-registry.ts'
import type { ModelVersion } from '../../../frontend/core/model-version.ts'
import { RegistryJournal } from '../../../frontend/core/registry-journal.ts'
import { SnapshotStore, type VersionRecord } from '../../../frontend/core/snapshot.ts'
import { artefact } from '../../support/artefacts.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { versionFixture } from '../../support/version-fixture.ts'

describe('RegistryJournal', () => {
  let root: Awaited<ReturnType<typeof temporaryDirectory>>
  let registry: ModelRegistry
  let journal: RegistryJournal
  beforeEach(async () => {
    root = await temporaryDirectory()
    registry = new ModelRegistry()
    const snapshots = new SnapshotStore(root.path)
    await snapshots.read()
    journal = new RegistryJournal(registry, snapshots)
  })
  afterEach(() => root.remove())

  function add(name: string, version: string): ModelVersion {
    const added = versionFixture({ artefact: artefact({ model: { name, version } }) }).version
    registry.add(added)
    return added
  }

  function earlier(version: string, minWorkers = 1): VersionRecord {
    return { version, archive: 'm.mar', digest: 'd1', settings: { minWorkers } }
  }

  /** What is on disk: `model=default: version×workers …` per model. */
  async function onDisk(): Promise<string[]> {
    const state = await new SnapshotStore(root.path).read()
    return (state?.models ?? []).map(({ name, defaultVersion, versions }) => {
      const list = versions.map(({ version, settings }) => `${version}×${settings.minWorkers ?? '?'}`)
      return `${name}=${defaultVersion}: ${list.sort().join(' ')}`
    })
  }

  /** Makes the next write fail, until the returned function is called. */
  async function breakDisk(generation: number): Promise<() => Promise<void>> {
    const obstacle = join(root.path, `registry-${generation}.tmp`)
    await mkdir(obstacle)
    return () => rm(obstacle, { recursive: true })
  }

  it('keeps the integer that a version has now, also after another one has claimed the one it had', async () => {
    const version = add('m', '1.0')
    const onDiskOf = async () => {
      const state = await new SnapshotStore(root.path).read()
      return state?.models[0]?.versions.find((each) => each.version === '1.0')?.integer
    }
    await journal.record(version, { minWorkers: 1 }, undefined)
    const before = registry.integerVersionOf(version.model)
    assert.equal(await onDiskOf(), before)
    await journal.record(add('m', before), { minWorkers: 1 }, undefined)
    const after = registry.integerVersionOf(version.model)
    assert.notEqual(after, before)
    assert.equal(await onDiskOf(), after)
  })

  it('keeps what was recorded, the latest settings of each version', async () => {
    const version = add('m', '1')
    await journal.record(version, { minWorkers: 1 }, undefined)
    await journal.record(add('m', '2'), { minWorkers: 1 }, 'image_classifier')
    await journal.record(version, { minWorkers: 3 }, undefined)
    assert.deepEqual(await onDisk(), ['m=1: 1×3 2×1'])
    assert.deepEqual(journal.recordOf(registry.resolve({ name: 'm', version: '2' })), {
      version: '2',
      archive: 'm.mar',
      digest: 'd1',
      handler: 'image_classifier',
      settings: { minWorkers: 1 },
    })
  })

  it('leaves out a version that is still being registered', async () => {
    await journal.record(add('m', '1'), { minWorkers: 1 }, undefined)
    const registering = add('m', '2')
    add('n', '1')
    await journal.write()
    assert.deepEqual(await onDisk(), ['m=1: 1×1'])
    assert.throws(() => journal.recordOf(registering), { code: 'unavailable' })
  })

  it('forgets what was erased', async () => {
    const version = add('m', '1')
    await journal.record(version, { minWorkers: 1 }, undefined)
    await journal.erase(version)
    assert.deepEqual(await onDisk(), [])
  })

  it('writes the default version', async () => {
    await journal.record(add('m', '1'), { minWorkers: 1 }, undefined)
    await journal.record(add('m', '2'), { minWorkers: 1 }, undefined)
    registry.setDefault({ name: 'm', version: '2' })
    await journal.recordDefault('m')
    assert.deepEqual(await onDisk(), ['m=2: 1×1 2×1'])
  })

  describe('when the disk fails', () => {
    it('says that nothing was changed, and why', async () => {
      await breakDisk(1)
      await assert.rejects(journal.record(add('m', '1'), {}, undefined), {
        code: 'internal',
        reason: 'state_not_saved',
        message: /^the change could not be saved, and was not made: EISDIR/,
      })
    })

    it('lets the old record stand', async () => {
      const version = add('m', '1')
      await journal.record(version, { minWorkers: 1 }, undefined)
      const mend = await breakDisk(2)
      await assert.rejects(journal.record(version, { minWorkers: 5 }, undefined))
      await assert.rejects(journal.erase(version))
      assert.deepEqual(journal.recordOf(version).settings, { minWorkers: 1 })
      await mend()
      await journal.write()
      assert.deepEqual(await onDisk(), ['m=1: 1×1'])
    })

    it('does not keep a version that could not be recorded', async () => {
      const version = add('m', '1')
      const mend = await breakDisk(1)
      await assert.rejects(journal.record(version, {}, undefined))
      await mend()
      await journal.write()
      assert.deepEqual(await onDisk(), [])
    })

    it('goes on with the writes that wait', async () => {
      const [first, second] = [add('m', '1'), add('n', '1')]
      const mend = await breakDisk(1)
      const failed = assert.rejects(journal.record(first, {}, undefined))
      const next = failed.then(mend).then(() => journal.record(second, { minWorkers: 2 }, undefined))
      await Promise.all([failed, next])
      assert.deepEqual(await onDisk(), ['n=1: 1×2'])
    })
  })

  it('survives many changes at once: the last write has them all', async () => {
    const versions = Array.from({ length: 20 }, (_, i) => add('m', String(i)))
    await Promise.all(versions.map((version) => journal.record(version, { minWorkers: 1 }, undefined)))
    await Promise.all(versions.slice(0, 18).map((version) => journal.erase(version)))
    assert.deepEqual(await onDisk(), ['m=18: 18×1 19×1'])
  })

  describe('versions that could not be brought back', () => {
    it('stay on disk beside those that are there', async () => {
      journal.restored(add('m', '2'), earlier('2'))
      journal.retain({ name: 'm', record: earlier('1'), isDefault: false })
      journal.retain({ name: 'n', record: earlier('7'), isDefault: true })
      await journal.write()
      assert.deepEqual(await onDisk(), ['m=2: 1×1 2×1', 'n=7: 7×1'])
    })

    it('stay the default, although another version answers meanwhile', async () => {
      journal.restored(add('m', '2'), earlier('2'))
      journal.retain({ name: 'm', record: earlier('1'), isDefault: true })
      await journal.write()
      assert.deepEqual(await onDisk(), ['m=1: 1×1 2×1'])
    })

    it('keep their default wherever it stands in the list', async () => {
      for (const version of ['1', '2', '3']) {
        journal.retain({ name: 'm', record: earlier(version), isDefault: version === '2' })
      }
      await journal.write()
      assert.deepEqual(await onDisk(), ['m=2: 1×1 2×1 3×1'])
    })

    it('are the default no longer once another version is made it', async () => {
      journal.restored(add('m', '2'), earlier('2'))
      journal.retain({ name: 'm', record: earlier('1'), isDefault: true })
      await journal.recordDefault('m')
      assert.deepEqual(await onDisk(), ['m=2: 1×1 2×1'])
    })

    it('give way to a new registration of the same version', async () => {
      journal.retain({ name: 'm', record: earlier('1', 4), isDefault: true })
      const version = add('m', '1')
      await journal.record(version, { minWorkers: 2 }, undefined)
      assert.deepEqual(await onDisk(), ['m=1: 1×2'])
    })

    it('do not come back after that is unregistered', async () => {
      journal.retain({ name: 'm', record: earlier('1', 4), isDefault: true })
      const version = add('m', '1')
      await journal.record(version, { minWorkers: 2 }, undefined)
      await journal.erase(version)
      assert.deepEqual(await onDisk(), [])
    })

    it('are kept when the new registration cannot be written', async () => {
      journal.retain({ name: 'm', record: earlier('1', 4), isDefault: true })
      const mend = await breakDisk(1)
      const version = add('m', '1')
      await assert.rejects(journal.record(version, { minWorkers: 2 }, undefined))
      await assert.rejects(journal.recordDefault('m'))
      registry.remove(version.model)
      await mend()
      await journal.write()
      assert.deepEqual(await onDisk(), ['m=1: 1×4'])
    })
  })
})
