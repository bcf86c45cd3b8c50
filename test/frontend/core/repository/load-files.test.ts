import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { CoreHome, type CoreInstance } from '../../../support/core-fixture.ts'
import { until } from '../../../support/fake-clock.ts'
import { writeTree } from '../../../support/file-tree.ts'
import { identity } from '../../../support/models.ts'

const GRAPH = identity('FP32')
const OTHER = identity('FP64')

describe('Repository, of models that are no archives', () => {
  let home: CoreHome
  let core: CoreInstance
  beforeEach(async () => {
    home = await CoreHome.create()
    await writeTree(home.modelStore, { 'net/1/model.onnx': GRAPH, 'net/3/model.onnx': GRAPH })
    core = await home.started({ loads: true, answers: true }, { repository: { mode: 'explicit' } })
  })
  afterEach(() => home.remove())

  const load = (config: object | undefined, files?: Readonly<Record<string, Uint8Array>>) =>
    core.controlPlane.load({
      name: 'net',
      ...(config === undefined ? {} : { config: { ...config } }),
      ...(files === undefined ? {} : { files: new Map(Object.entries(files)) }),
    })

  const staged = () => readdir(join(home.stateDir, 'staging')).catch(() => [])

  /** The type of the input of the version that answers unversioned requests. */
  const dtype = () => core.registry.resolve({ name: 'net' }).artefact.manifest.inputs?.[0]?.dtype

  it('loads the highest version', async () => {
    await load(undefined)
    assert.deepEqual(core.versions(), ['net/3* ready 1'])
  })

  it('loads the versions that a policy in the request chooses', async () => {
    await load({ version_policy: { all: {} } })
    assert.deepEqual(core.versions(), ['net/1 ready 1', 'net/3* ready 1'])
    await load({ versionPolicy: { specific: { versions: ['1'] } } })
    await until(() => core.versions().length === 1)
    assert.deepEqual(core.versions(), ['net/1* ready 1'])
  })

  it('checks a configuration against the graph, and goes on as before when that fails', async () => {
    await load(undefined)
    const wrong = { input: [{ name: 'nobody', data_type: 'TYPE_FP32', dims: [1] }] }
    await assert.rejects(load(wrong), { code: 'invalid_argument', message: /nobody/ })
    assert.deepEqual(core.versions(), ['net/3* ready 1'])
  })

  it('loads files that come with the request, in place of what the store holds', async () => {
    await load(undefined)
    await load({}, { '3/model.onnx': OTHER })
    assert.equal(dtype(), 'FP64')
    assert.deepEqual(core.versions(), ['net/3* ready 1'])
    assert.deepEqual(await staged(), [])
  })

  it('loads a version that the store does not have', async () => {
    await load({}, { '7/model.onnx': OTHER })
    assert.deepEqual(core.versions(), ['net/7* ready 1'])
  })

  it('survives a kill with the files of the request', async () => {
    await load({}, { '3/model.onnx': OTHER })
    core = await home.started()
    assert.deepEqual(core.versions(), ['net/3* ready 1'])
    assert.equal(dtype(), 'FP64')
  })

  it('goes back to the store with the next load', async () => {
    await load({}, { '3/model.onnx': OTHER })
    await load({})
    assert.equal(dtype(), 'FP32')
  })

  it('refuses a model that is none, and leaves nothing of it', async () => {
    await load(undefined)
    await assert.rejects(load({}, { '3/model.onnx': Buffer.from('no graph') }), { code: 'invalid_argument' })
    assert.equal(dtype(), 'FP32')
    assert.deepEqual(await staged(), [])
  })

  const NAMES = [
    '../1/model.onnx',
    '1/../../model.onnx',
    '/1/model.onnx',
    '1//model.onnx',
    '1/./model.onnx',
    'model.onnx',
    '1',
    '1/',
    '01/model.onnx',
    '0/model.onnx',
    'x/model.onnx',
    '1\\model.onnx',
    '1/a\0b',
    '',
  ]
  for (const name of NAMES) {
    it(`refuses the file ${JSON.stringify(name)}, and writes nothing`, async () => {
      await assert.rejects(load({}, { '1/model.onnx': GRAPH, [name]: GRAPH }), {
        code: 'invalid_argument',
        reason: 'load_files',
      })
      assert.deepEqual(await staged(), [])
      assert.deepEqual(core.versions(), [])
    })
  }

  it('refuses two files of one name, and a file that is a directory', async () => {
    for (const other of ['1/MODEL.onnx', '1/model.onnx/x']) {
      await assert.rejects(load({}, { '1/model.onnx': GRAPH, [other]: GRAPH }), { code: 'invalid_argument' })
    }
    assert.deepEqual(await staged(), [])
  })
})
