import assert from 'node:assert/strict'
import { readdir, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { StoreSource } from '../../../frontend/core/repository/store-source.ts'
import { ModelStore } from '../../../frontend/core/model-store.ts'
import { writeTree } from '../../support/file-tree.ts'
import { externalData, identity } from '../../support/models.ts'
import { storeArchive } from '../../support/store-archives.ts'
import { temporaryDirectory, treeOf } from '../../support/temporary-directory.ts'

const GRAPH = identity('FP32')

describe('ModelStore, of models that are no archives', () => {
  let root: Awaited<ReturnType<typeof temporaryDirectory>>
  let directory: string
  let store: ModelStore
  beforeEach(async () => {
    root = await temporaryDirectory()
    directory = join(root.path, 'model-store')
    store = new ModelStore(directory, join(root.path, 'objects'))
    await store.prepare()
    await writeTree(directory, {
      'bare.onnx': GRAPH,
      'many/1/model.onnx': GRAPH,
      'many/2/model.onnx': identity('FP64'),
      'all/config.pbtxt': 'version_policy { all {} }',
      'all/1/model.onnx': GRAPH,
      'all/2/model.onnx': GRAPH,
      'notes/readme.txt': 'x',
    })
  })
  afterEach(() => root.remove())

  it('lists what should be loaded, among the archives', async () => {
    await storeArchive(directory, 'm.mar')
    assert.deepEqual(await store.list(), ['all/1', 'all/2', 'bare.onnx', 'm.mar', 'many/2'])
  })

  it('lists what is broken, so that loading it tells why', async () => {
    await writeTree(directory, { 'broken/config.pbtxt': 'nam: 1', 'broken/1/model.onnx': GRAPH })
    assert.ok((await store.list()).includes('broken'))
    await assert.rejects(store.load('broken'), { code: 'invalid_argument', message: /config.pbtxt:1:1/ })
  })

  const LOADED = [
    { location: 'bare.onnx', id: 'bare 1', dtype: 'FP32' },
    { location: 'many', id: 'many 2', dtype: 'FP64' },
    { location: 'many/1', id: 'many 1', dtype: 'FP32' },
    { location: 'all', id: 'all 2', dtype: 'FP32' },
  ]
  for (const { location, id, dtype } of LOADED) {
    it(`loads ${location} as ${id}`, async () => {
      const { archive, manifest, modelDir, digest } = await store.load(location)
      assert.equal(archive, location)
      assert.equal(`${manifest.model.modelName} ${manifest.model.modelVersion}`, id)
      assert.equal(manifest.inputs?.[0]?.dtype, dtype)
      assert.deepEqual(await store.restore(location, digest), await store.load(location))
      assert.ok((await readdir(modelDir)).includes(manifest.model.serializedFile ?? ''))
    })
  }

  it('unpacks weights beside their graph, and writes nothing into the store', async () => {
    externalData(join(directory, 'many/2'))
    const before = await treeOf(directory)
    const { modelDir } = await store.load('many/2')
    assert.deepEqual((await readdir(modelDir)).sort(), ['MAR-INF', 'model.onnx', 'weights.bin'])
    assert.deepEqual(await treeOf(directory), before)
  })

  const REFUSED = [
    { location: 'many/3', code: 'not_found' },
    { location: 'many/x', code: 'invalid_argument' },
    { location: 'many/../../etc', code: 'invalid_argument' },
    { location: 'many/1/model.onnx', code: 'invalid_argument' },
    { location: 'notes', code: 'not_found' },
    { location: 'absent.onnx', code: 'not_found' },
  ]
  for (const { location, code } of REFUSED) {
    it(`refuses ${location}`, () => assert.rejects(store.load(location), { code }))
  }

  it('notices weights that have been replaced', async () => {
    const weights = join(directory, 'many/2/weights.bin')
    externalData(join(directory, 'many/2'))
    const { digest } = await store.load('many/2')
    assert.equal(await store.hasChanged('many/2', digest), false)
    await writeFile(weights, Buffer.alloc(48, 1))
    const later = new Date(Date.now() + 60_000)
    await utimes(weights, later, later)
    assert.equal(await store.hasChanged('many/2', digest), true)
  })

  it('offers all versions to the repository, and says which should be loaded', async () => {
    await writeTree(directory, { 'broken/config.pbtxt': 'nam: 1' })
    const models = await new StoreSource(store).models()
    assert.deepEqual(
      models.map(({ name, versions, error }) => [
        name,
        ...versions.map(({ version, isAspired }) => `${version}${isAspired ? '*' : ''}`),
        ...(error === undefined ? [] : ['broken']),
      ]),
      [
        ['all', '1*', '2*'],
        ['bare', '1*'],
        ['broken', 'broken'],
        ['many', '1', '2*'],
      ],
    )
    const [, bare] = models
    assert.equal((await bare?.versions[0]?.load())?.manifest.model.modelName, 'bare')
  })
})
