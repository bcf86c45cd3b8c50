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
