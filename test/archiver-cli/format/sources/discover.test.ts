import assert from 'node:assert/strict'
import { join } from 'node:path'
import { discoverModels } from '../../../../archiver-cli/format/sources/discover.ts'
import { summary } from '../../../support/discoveries.ts'
import { writeTree, type FileTree } from '../../../support/file-tree.ts'
import { storeArchive } from '../../../support/store-archives.ts'
import { temporaryDirectory } from '../../../support/temporary-directory.ts'

const ONNX = 'graph'

describe('discoverModels', () => {
  let root: string
  let remove: () => Promise<void>
  beforeEach(async () => {
    const directory = await temporaryDirectory()
    root = join(directory.path, 'store')
    remove = directory.remove
  })
  afterEach(() => remove())

  const FOUND: readonly {
    readonly it: string
    readonly tree: FileTree
    readonly models: readonly string[]
  }[] = [
    {
      it: 'finds bare graphs by their names',
      tree: { 'b.onnx': ONNX, 'a.onnx': ONNX },
      models: ['a 1* at a.onnx as a.onnx', 'b 1* at b.onnx as b.onnx'],
    },
    {
      it: 'finds folders of versions, and aspires to the highest number',
      tree: { 'm/2/model.onnx': ONNX, 'm/10/model.onnx': ONNX, 'm/1/model.onnx': ONNX },
      models: [
        'm 1 at m/1 as m/1/model.onnx',
        'm 2 at m/2 as m/2/model.onnx',
        'm 10* at m/10 as m/10/model.onnx',
      ],
    },
    {
      it: 'reads leading zeros as TensorFlow Serving does',
      tree: { 'm/00000123/model.onnx': ONNX },
      models: ['m 123* at m/00000123 as m/00000123/model.onnx'],
    },
    {
      it: 'takes the shorter of two names of one integer',
      tree: { 'm/1/model.onnx': ONNX, 'm/01/model.onnx': ONNX },
      models: ['m 1* at m/1 as m/1/model.onnx'],
    },
    {
      it: 'passes over folders that are no integers, and integers without a graph',
      tree: {
        'm/1/model.onnx': ONNX,
        'm/2/saved_model.pb': 'x',
        'm/tmp/model.onnx': ONNX,
        'm/-3/model.onnx': ONNX,
      },
      models: ['m 1* at m/1 as m/1/model.onnx'],
    },
    {
      it: 'passes over what is no model',
      tree: {
        'notes.txt': 'x',
        'docs/readme.md': 'x',
        'logs/2026/x.log': 'x',
        '.o/x.onnx': ONNX,
        'm.onnx': ONNX,
      },
      models: ['m 1* at m.onnx as m.onnx'],
    },
    {
      it: 'takes a directory with one graph for version 1',
      tree: { 'm/anything.onnx': ONNX },
      models: ['m 1* at m as m/anything.onnx'],
    },
    {
      it: "finds Triton's form of a large model",
      tree: { 'm/1/model.onnx/model.onnx': ONNX, 'm/1/model.onnx/weights.bin': 'x' },
      models: ['m 1* at m/1 as m/1/model.onnx/model.onnx'],
    },
    {
      it: 'takes the file that the configuration names',
      tree: {
        'm/config.pbtxt': 'default_model_filename: "net.onnx"',
        'm/1/net.onnx': ONNX,
        'm/1/model.onnx': ONNX,
      },
      models: ['m 1* at m/1 as m/1/net.onnx'],
    },
    {
      it: 'follows the version policy: all',
      tree: { 'm/config.pbtxt': 'version_policy { all {} }', 'm/1/model.onnx': ONNX, 'm/2/model.onnx': ONNX },
      models: ['m 1* at m/1 as m/1/model.onnx', 'm 2* at m/2 as m/2/model.onnx'],
    },
    {
      it: 'follows the version policy: the latest two',
      tree: {
        'm/config.pbtxt': 'version_policy { latest { num_versions: 2 } }',
        'm/1/model.onnx': ONNX,
        'm/2/model.onnx': ONNX,
        'm/3/model.onnx': ONNX,
      },
      models: [
        'm 1 at m/1 as m/1/model.onnx',
        'm 2* at m/2 as m/2/model.onnx',
        'm 3* at m/3 as m/3/model.onnx',
      ],
    },
    {
      it: 'follows the version policy: these',
      tree: {
        'm/config.pbtxt': 'name: "m" version_policy { specific { versions: [1] } }',
        'm/1/model.onnx': ONNX,
        'm/2/model.onnx': ONNX,
      },
      models: ['m 1* at m/1 as m/1/model.onnx', 'm 2 at m/2 as m/2/model.onnx'],
    },
    {
      it: 'follows links that stay inside, as volumes of configuration have them',
      tree: {
        '..2026/m.onnx': ONNX,
        '..data': '-> ..2026',
        'm.onnx': '-> ..data/m.onnx',
        n: '-> ..data/n',
        '..2026/n/1/model.onnx': ONNX,
      },
      models: ['m 1* at m.onnx as m.onnx', 'n 1* at n/1 as n/1/model.onnx'],
    },
  ]
  for (const { it: claim, tree, models } of FOUND) {
    it(claim, async () => {
      await writeTree(root, tree)
      const discovery = await discoverModels(root)
      assert.deepEqual([summary(discovery), discovery.problems], [models, []])
    })
  }

  it('finds archives, packed or not, by their manifests', async () => {
    await writeTree(root, { 'x.onnx': ONNX })
    await storeArchive(root, 'a.mar', { modelName: 'toy', version: '2.0' })
    await storeArchive(root, 'unpacked', { modelName: 'toy', version: '1.0' })
    assert.deepEqual(summary(await discoverModels(root)), [
      'toy 1.0* at unpacked, an archive',
      'toy 2.0* at a.mar, an archive',
      'x 1* at x.onnx as x.onnx',
    ])
  })

  const PROBLEMS: readonly { readonly it: string; readonly tree: FileTree; readonly problem: RegExp }[] = [
    {
      it: 'a link that leaves the directory',
      tree: { 'm.onnx': '-> ../outside.onnx' },
      problem: /^model 'm.onnx': 'm.onnx' is a link that leaves the model's directory/,
    },
    {
      it: 'an absolute link elsewhere',
      tree: { 'm.onnx': '-> /etc/hostname' },
      problem: /is a link that leaves/,
    },
    {
      it: 'links in a circle',
      tree: { 'm.onnx': '-> n.onnx', 'n.onnx': '-> m.onnx' },
      problem: /links without end/,
    },
    {
      it: 'a name that no model can have',
      tree: { 'my model.onnx': ONNX },
      problem: /'my model.onnx': 'my model.onnx' cannot name a model/,
    },
    {
      it: 'a configuration with a mistake',
      tree: { 'm/config.pbtxt': 'nam: 1', 'm/1/model.onnx': ONNX },
      problem: /^model 'm': config.pbtxt:1:1: there is no field 'nam' here; did you mean 'name'\?/,
    },
    {
      it: 'a configuration of another model',
      tree: { 'm/config.pbtxt': 'name: "n"', 'm/1/model.onnx': ONNX },
      problem: /holds a config.pbtxt of model 'n'/,
    },
    {
      it: 'a configuration without a graph',
      tree: { 'm/config.pbtxt': '' },
      problem: /holds no model.onnx; expected <integer>\/model.onnx/,
    },
    {
      it: 'a version that is asked for and missing',
      tree: { 'm/config.pbtxt': 'version_policy { specific { versions: 3 } }', 'm/1/model.onnx': ONNX },
      problem: /asks for version '3'; there are 1$/,
    },
    {
      it: 'several graphs without a usual name',
      tree: { 'm/1/a.onnx': ONNX, 'm/1/b.onnx': ONNX },
      problem: /holds several ONNX files \('a.onnx', 'b.onnx'\)/,
    },
    { it: 'a broken archive', tree: { 'm.mar': 'no zip' }, problem: /^archive 'm.mar'/ },
    {
      it: 'two sources of one version',
      tree: { 'm.onnx': ONNX, 'm/1/model.onnx': ONNX },
      problem: /'m.onnx' and 'm\/1' are both version 1 of model 'm'/,
    },
  ]
  for (const { it: claim, tree, problem } of PROBLEMS) {
    it(`names ${claim}, and finds the others`, async () => {
      await writeTree(root, { ...tree, 'good.onnx': ONNX })
      const discovery = await discoverModels(root)
      assert.ok(summary(discovery).includes('good 1* at good.onnx as good.onnx'))
      assert.match(discovery.problems[0]?.message ?? 'none', problem)
    })
  }
})
