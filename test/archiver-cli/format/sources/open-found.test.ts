import assert from 'node:assert/strict'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { OpenedArchive } from '../../../../archiver-cli/format/archive-reader.ts'
import { openArchive } from '../../../../archiver-cli/format/archive-reader.ts'
import { discoverPath } from '../../../../archiver-cli/format/sources/discover.ts'
import { openFound } from '../../../../archiver-cli/format/sources/open-found.ts'
import { writeTree, type FileTree } from '../../../support/file-tree.ts'
import { externalData, identity, twoInputAdd } from '../../../support/models.ts'
import { temporaryDirectory, treeOf } from '../../../support/temporary-directory.ts'

const GRAPH = identity('FP32')
const SIGNATURE = {
  inputs: [{ name: 'x', dtype: 'FP32', shape: ['batch', 2] }],
  outputs: [{ name: 'y', dtype: 'FP32', shape: ['batch', 2] }],
}

describe('openFound', () => {
  let root: string
  let remove: () => Promise<void>
  beforeEach(async () => ({ path: root, remove } = await temporaryDirectory()))
  afterEach(() => remove())

  async function open(path: string, tree: FileTree = {}): Promise<OpenedArchive> {
    await writeTree(root, tree)
    const [model] = (await discoverPath(join(root, path))).models
    const version = model?.versions.at(-1)
    assert.ok(model !== undefined && version !== undefined)
    return openFound(model.name, version)
  }

  it('makes an archive of a bare graph: tensor handler, version 1, the signature of the graph', async () => {
    const { manifest, config, format, notices } = await open('resnet.onnx', { 'resnet.onnx': GRAPH })
    assert.deepEqual(manifest.model, {
      modelName: 'resnet',
      modelVersion: '1',
      handler: 'tensor',
      serializedFile: 'resnet.onnx',
    })
    assert.deepEqual({ inputs: manifest.inputs, outputs: manifest.outputs }, SIGNATURE)
    assert.deepEqual({ config, format, notices }, { config: {}, format: 'source', notices: [] })
  })

  it('unpacks into what is an archive of the same digest', async () => {
    await writeTree(root, { 'm/3/.keep': '' })
    externalData(join(root, 'm/3'))
    const opened = await open('m')
    await opened.extractTo(join(root, 'object'))
    const unpacked = await openArchive(join(root, 'object'))
    await unpacked.verify()
    assert.equal(unpacked.digest, opened.digest)
    assert.deepEqual(
      unpacked.manifest.files.map(({ path }) => path),
      ['model.onnx', 'weights.bin'],
    )
  })

  it('covers the weights by its digest', async () => {
    await writeTree(root, { 'm/1/.keep': '' })
    externalData(join(root, 'm/1'))
    const before = (await open('m')).digest
    const weights = await readFile(join(root, 'm/1/weights.bin'))
    await writeFile(join(root, 'm/1/weights.bin'), weights.reverse())
    assert.notEqual((await open('m')).digest, before)
  })

  it('has one digest as long as nothing changes, and writes nothing', async () => {
    const tree = { 'm/1/model.onnx': GRAPH, 'm/config.pbtxt': 'max_batch_size: 4' }
    const { digest } = await open('m', tree)
    const files = await treeOf(root)
    assert.equal((await open('m')).digest, digest)
    assert.deepEqual(await treeOf(root), files)
  })

  it('is refused when a file changes between its digest and its unpacking', async () => {
    const opened = await open('m.onnx', { 'm.onnx': GRAPH })
    await writeFile(join(root, 'm.onnx'), identity('FP64'))
    await assert.rejects(opened.extractTo(join(root, 'object')), {
      code: 'invalid_argument',
      message: /^model 'm.onnx': entry 'm.onnx' differs from its digest/,
    })
  })

  it('takes the settings of model-config.yaml, the version’s own first', async () => {
    const { config } = await open('m', {
      'm/1/model.onnx': GRAPH,
      'm/1/model-config.yaml': 'maxBatchRows: 2',
      'm/model-config.yaml': 'maxBatchRows: 3',
    })
    assert.deepEqual(config, { maxBatchRows: 2 })
  })

  it('lets model-config.yaml count before config.pbtxt', async () => {
    const { config } = await open('m', {
      'm/1/model.onnx': GRAPH,
      'm/config.pbtxt': 'max_batch_size: 8',
      'm/model-config.yaml': 'maxBatchRows: 3',
    })
    assert.deepEqual(config, { maxRequestRows: 8, maxBatchRows: 3, tritonConfig: { max_batch_size: 8 } })
  })

  it('reads the labels that config.pbtxt names, and keeps its notes', async () => {
    const { config, notices } = await open('m', {
      'm/1/model.onnx': GRAPH,
      'm/config.pbtxt': 'output { name: "y" label_filename: "l.txt" } response_cache { enable: true }',
      'm/l.txt': 'cat\r\ndog\n',
    })
    assert.deepEqual(config.outputLabels, { y: ['cat', 'dog'] })
    assert.deepEqual(notices, ["config.pbtxt: 'response_cache' has no effect: every request runs the model"])
  })

  it('follows links to weights inside of what is served', async () => {
    await writeTree(root, { 'm/data/.keep': '', 'm/1/model.onnx': '-> ../data/model.onnx' })
    externalData(join(root, 'm/data'))
    await writeTree(root, { 'm/1/weights.bin': '-> ../data/weights.bin' })
    const { manifest } = await open('m')
    assert.deepEqual(
      manifest.files.map(({ path }) => path),
      ['model.onnx', 'weights.bin'],
    )
  })

  it('takes a graph of several inputs', async () => {
    const { manifest } = await open('m.onnx', { 'm.onnx': twoInputAdd() })
    assert.deepEqual(
      manifest.inputs?.map(({ name }) => name),
      ['a', 'b'],
    )
  })

  const REFUSED: readonly { readonly it: string; readonly tree: FileTree; readonly message: RegExp }[] = [
    {
      it: 'what is no ONNX file',
      tree: { 'm/1/model.onnx': 'text' },
      message: /^model 'm\/1': is not a valid ONNX file/,
    },
    {
      it: 'a mistake in model-config.yaml',
      tree: { 'm/1/model.onnx': GRAPH, 'm/model-config.yaml': 'batchRows: 3' },
      message: /^model 'm\/1': the model configuration has the unknown key 'batchRows'/,
    },
    {
      it: 'a config.pbtxt that contradicts the graph',
      tree: { 'm/1/model.onnx': GRAPH, 'm/config.pbtxt': 'input { name: "z" }' },
      message: /^model 'm\/1': config.pbtxt: the graph has no input 'z'/,
    },
    {
      it: 'labels that are not there',
      tree: { 'm/1/model.onnx': GRAPH, 'm/config.pbtxt': 'output { name: "y" label_filename: "l" }' },
      message: /^model 'm\/1': has no 'm?\/?l'/,
    },
    {
      it: 'labels elsewhere',
      tree: {
        'm/1/model.onnx': GRAPH,
        'm/config.pbtxt': 'output { name: "y" label_filename: "../../../etc/passwd" }',
      },
      message: /leaves the model's directory/,
    },
  ]
  for (const { it: claim, tree, message } of REFUSED) {
    it(`refuses ${claim}`, () => assert.rejects(open('m', tree), { code: 'invalid_argument', message }))
  }

  it('refuses weights that are not there', async () => {
    await writeTree(root, { 'm/1/.keep': '' })
    externalData(join(root, 'm/1'))
    await rm(join(root, 'm/1/weights.bin'))
    await assert.rejects(open('m'), {
      code: 'invalid_argument',
      message: /^model 'm\/1': keeps weights in 'weights.bin', which is not there/,
    })
  })
})
