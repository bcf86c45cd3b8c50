import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CoreOptions } from '../../../frontend/core/create-core.ts'
import { CoreHome } from '../../support/core-fixture.ts'
import { storeArchive } from '../../support/store-archives.ts'

const M = { name: 'm', version: '1' }
const N = { name: 'n', version: '1' }

describe('the notes of a start', function () {
  this.timeout(20_000)

  let home: CoreHome
  beforeEach(async () => {
    home = await CoreHome.create()
    await storeArchive(home.modelStore, 'm', { version: '1' })
    await storeArchive(home.modelStore, 'n', { modelName: 'n' })
    await (await home.started()).register('m')
  })
  afterEach(() => home.remove())

  async function started(options: Partial<CoreOptions> = {}) {
    const core = home.core(undefined, options)
    await core.load()
    return core
  }
  const edited = () => storeArchive(home.modelStore, 'm', { version: '1', labels: 'new' })
  const declared = { loadModels: { kind: 'all' } } as const
  const RESTORED = { kind: 'restored', models: [M] }

  it('say what is back', async () => {
    assert.deepEqual((await started()).notes, [RESTORED])
  })

  it('say nothing the first time', async () => {
    assert.deepEqual((await started({ stateDir: join(home.stateDir, 'new') })).notes, [])
  })

  it('say that the archive of what is back has changed', async () => {
    await edited()
    assert.deepEqual((await started()).notes, [RESTORED, { kind: 'changed', model: M, archive: 'm' }])
  })

  it('say that a declared archive is the same as what was saved', async () => {
    const core = await started(declared)
    assert.deepEqual(core.notes, [{ kind: 'both', model: M, wins: 'same' }, RESTORED])
    assert.deepEqual(core.versions(), ['m/1* ready 1', 'n/1* ready 1'])
  })

  it('say that a declared archive takes the place of what was saved', async () => {
    await edited()
    const { notes } = await started(declared)
    assert.deepEqual(notes, [{ kind: 'both', model: M, wins: 'declared' }, RESTORED])
  })

  it("say what is left out in TorchServe's order", async () => {
    await edited()
    const core = await started({ ...declared, savedStateFirst: true })
    assert.deepEqual(core.notes, [
      { kind: 'both', model: M, wins: 'saved' },
      { kind: 'ignored', model: N },
      RESTORED,
      { kind: 'changed', model: M, archive: 'm' },
    ])
    assert.deepEqual(core.versions(), ['m/1* ready 1'])
  })
})

describe('a start with damaged or unwanted saved state', function () {
  this.timeout(20_000)

  let home: CoreHome
  beforeEach(async () => {
    home = await CoreHome.create()
    await storeArchive(home.modelStore, 'm', { version: '1' })
    await storeArchive(home.modelStore, 'n', { modelName: 'n' })
    const core = await home.started()
    await core.register('m')
    await core.register('n')
  })
  afterEach(() => home.remove())

  it('serves the generation before the damaged one, and says so', async () => {
    await writeFile(join(home.registryDir, 'registry-2.json'), 'x')
    const core = home.core()
    assert.match(
      (await core.load()).join(),
      /^the registry snapshot .*registry-2\.json is unreadable; generation 1/,
    )
    assert.deepEqual(core.versions(), ['m/1* ready 1'])
    assert.equal(core.dataPlane.health().ready, true)
  })

  it('neither brings back nor changes what is not wanted', async () => {
    const before = await home.onDisk()
    const core = home.core(undefined, { restore: false })
    assert.deepEqual(await core.load(), [])
    assert.deepEqual(core.versions(), [])
    await core.register('n')
    assert.deepEqual(await home.onDisk(), before)
    assert.deepEqual((await home.started()).versions(), ['m/1* ready 1', 'n/1* ready 1'])
  })
})
