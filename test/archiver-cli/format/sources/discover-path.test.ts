import assert from 'node:assert/strict'
import { join } from 'node:path'
import { discoverPath } from '../../../../archiver-cli/format/sources/discover.ts'
import { summary } from '../../../support/discoveries.ts'
import { writeTree, type FileTree } from '../../../support/file-tree.ts'
import { storeArchive } from '../../../support/store-archives.ts'
import { temporaryDirectory } from '../../../support/temporary-directory.ts'

const ONNX = 'graph'

describe('discoverPath', () => {
  let root: string
  let remove: () => Promise<void>
  beforeEach(async () => ({ path: root, remove } = await temporaryDirectory()))
  afterEach(() => remove())

  const FOUND: readonly {
    readonly it: string
    readonly tree: FileTree
    readonly path: string
    readonly models: readonly string[]
  }[] = [
    {
      it: 'a graph',
      tree: { 'm.onnx': ONNX, 'n.onnx': ONNX },
      path: 'm.onnx',
      models: ['m 1* at m.onnx as m.onnx'],
    },
    {
      it: 'a graph that is a link to anywhere',
      tree: { 'blobs/x': ONNX, 'here/m.onnx': '-> ../blobs/x' },
      path: 'here/m.onnx',
      models: ['m 1* at m.onnx as m.onnx'],
    },
    {
      it: 'a directory with one graph of the usual name',
      tree: { 'models/model.onnx': ONNX, 'models/weights.bin': 'x' },
      path: 'models',
      models: ['models 1* at models as model.onnx'],
    },
    {
      it: 'a model with versions',
      tree: { 'm/1/model.onnx': ONNX, 'm/2/model.onnx': ONNX },
      path: 'm',
      models: ['m 1 at m/1 as 1/model.onnx', 'm 2* at m/2 as 2/model.onnx'],
    },
    {
      it: 'one version of a model',
      tree: { 'm/7/model.onnx': ONNX },
      path: 'm/7',
      models: ['m 7* at 7 as model.onnx'],
    },
    {
      it: 'a model that its configuration names',
      tree: { 'models/config.pbtxt': 'name: "resnet"', 'models/1/model.onnx': ONNX },
      path: 'models',
      models: ['resnet 1* at models/1 as 1/model.onnx'],
    },
    {
      it: 'a directory of models',
      tree: { 'r/a/1/model.onnx': ONNX, 'r/b.onnx': ONNX },
      path: 'r',
      models: ['a 1* at a/1 as a/1/model.onnx', 'b 1* at b.onnx as b.onnx'],
    },
    {
      it: 'a link to a directory',
      tree: { 'real/model.onnx': ONNX, models: '-> real' },
      path: 'models',
      models: ['models 1* at models as model.onnx'],
    },
  ]
  for (const { it: claim, tree, path, models } of FOUND) {
    it(`takes ${claim}`, async () => {
      await writeTree(root, tree)
      assert.deepEqual(summary(await discoverPath(join(root, path))), models)
    })
  }

  it('takes an archive', async () => {
    await storeArchive(root, 'a.mar', { modelName: 'toy', version: '2.0' })
    assert.deepEqual(summary(await discoverPath(join(root, 'a.mar'))), ['toy 2.0* at a.mar, an archive'])
  })

  it('refuses a directory without a model', async () => {
    await writeTree(root, { 'notes.txt': 'x' })
    await assert.rejects(discoverPath(root), {
      code: 'invalid_argument',
      message: /holds no model; expected \*\.onnx/,
    })
  })
})
