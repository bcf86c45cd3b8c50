import assert from 'node:assert/strict'
import { join } from 'node:path'
import { createArchive } from '../../archiver-cli/create-archive.ts'
import { inspectArchive } from '../../archiver-cli/inspect-archive.ts'
import { writeTree } from '../support/file-tree.ts'
import { identity } from '../support/models.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

describe('createArchive with a config.pbtxt', () => {
  let root: string
  let remove: () => Promise<void>
  beforeEach(async () => {
    ;({ path: root, remove } = await temporaryDirectory())
    await writeTree(root, { 'model.onnx': identity('FP32'), 'l.txt': 'cat\n', 'own.yaml': 'maxBatchRows: 2' })
  })
  afterEach(() => remove())

  const pack = async (config: string) => {
    await writeTree(root, { 'config.pbtxt': config })
    const created = await createArchive({
      modelName: 'm',
      version: '1',
      serializedFile: join(root, 'model.onnx'),
      tritonConfig: join(root, 'config.pbtxt'),
      configFile: join(root, 'own.yaml'),
      exportPath: root,
      verify: false,
    })
    return { created, description: await inspectArchive(created.path) }
  }

  it('takes its settings over, behind those of model-config.yaml', async () => {
    const { created, description } = await pack(
      'max_batch_size: 4 output { name: "y" label_filename: "l.txt" } response_cache { enable: true }',
    )
    const { tritonConfig, ...config } = description.config
    assert.deepEqual(config, { maxRequestRows: 4, maxBatchRows: 2, outputLabels: { y: ['cat'] } })
    assert.equal(tritonConfig?.['max_batch_size'], 4)
    assert.match(created.notices.join(), /'response_cache' has no effect/)
  })

  const PLACES = [
    { it: 'beside the graph', graph: 'found/model.onnx' },
    { it: "above Triton's version", graph: 'found/3/model.onnx' },
    { it: "above Triton's version with weights beside", graph: 'found/3/model.onnx/model.onnx' },
  ]
  for (const { it: claim, graph } of PLACES) {
    it(`is found ${claim}, and left alone when that is asked`, async () => {
      await writeTree(root, { [graph]: identity('FP32'), 'found/config.pbtxt': 'max_batch_size: 4' })
      const options = { modelName: 'm', version: '1', serializedFile: join(root, graph), verify: false }
      const created = await createArchive({ ...options, exportPath: root })
      assert.equal((await inspectArchive(created.path)).config.maxBatchRows, 4)
      assert.match(created.notices.join(), /found\/config\.pbtxt is taken over; --no-triton-config/)
      const without = await createArchive({ ...options, exportPath: root, tritonConfig: false, force: true })
      assert.deepEqual((await inspectArchive(without.path)).config, {})
    })
  }

  it('is not looked for above a graph that is no version', async () => {
    await writeTree(root, { 'found/net/model.onnx': identity('FP32'), 'found/config.pbtxt': 'nonsense' })
    const serializedFile = join(root, 'found/net/model.onnx')
    const options = { modelName: 'm', version: '1', serializedFile, exportPath: root, verify: false }
    assert.deepEqual((await inspectArchive((await createArchive(options)).path)).config, {})
  })

  const REFUSED = [
    { config: 'nam: 1', message: /^config.pbtxt:1:1: there is no field 'nam'/ },
    { config: 'input { name: "z" }', message: /the graph has no input 'z'/ },
    {
      config: 'output { name: "y" label_filename: "../l.txt" }',
      message: /must be the name of a file beside config.pbtxt/,
    },
    { config: 'output { name: "y" label_filename: "absent" }', message: /label_filename .* cannot be read/ },
  ]
  for (const { config, message } of REFUSED) {
    it(`refuses ${config}`, () => assert.rejects(pack(config), { code: 'invalid_argument', message }))
  }
})
