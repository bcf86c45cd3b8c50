import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ModelStore } from '../../../../frontend/core/model-store.ts'
import { StoreSource } from '../../../../frontend/core/repository/store-source.ts'
import { storeArchive } from '../../../support/store-archives.ts'
import { temporaryDirectory } from '../../../support/temporary-directory.ts'

describe('StoreSource', () => {
  let root: string
  let remove: () => Promise<void>
  let source: StoreSource
  beforeEach(async () => {
    ;({ path: root, remove } = await temporaryDirectory())
    for (const version of ['1', '2']) await storeArchive(root, `m${version}.mar`, { version })
    source = new StoreSource(new ModelStore(root, join(root, '.objects')))
  })
  afterEach(() => remove())

  const offers = async () =>
    (await source.models()).map(({ name, versions, error }) =>
      error === undefined
        ? `${name}: ${versions.map(({ version }) => version).join(' ')}`
        : `${name}: broken`,
    )

  it('offers the versions of all archives of a model', async () =>
    assert.deepEqual(await offers(), ['m: 1 2']))

  it('concludes nothing of a model while one of its archives is written over', async () => {
    await offers()
    await writeFile(join(root, 'm2.mar'), 'the first bytes')
    assert.deepEqual(await offers(), ['m: broken', 'm2: broken'])
    assert.deepEqual(await offers(), ['m: broken', 'm2: broken'])
    await storeArchive(root, 'm2.mar', { version: '3' })
    assert.deepEqual(await offers(), ['m: 1 3'])
  })

  it('offers a model beside an archive that never was one', async () => {
    await writeFile(join(root, 'm3.mar'), 'nothing')
    assert.deepEqual(await offers(), ['m: 1 2', 'm3: broken'])
  })
})
