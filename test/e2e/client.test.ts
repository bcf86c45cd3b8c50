import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { modelSchema, OnnxServeClient } from '../../client/index.ts'
import type { Tensor } from '../../worker/contract/tensor.ts'
import { packTestArchive } from '../support/archives.ts'
import { identity, twoInputAdd } from '../support/models.ts'
import { removeDirectory, ServerProcess, temporaryDirectory } from '../support/server-process.ts'

const MAIN = fileURLToPath(new URL('../../dist/frontend/main.js', import.meta.url))

const ARCHIVER = fileURLToPath(new URL('../../dist/archiver-cli/main.js', import.meta.url))

const DATA: readonly Omit<Tensor, 'name' | 'shape'>[] = [
  { dtype: 'BOOL', data: Uint8Array.of(0, 1) },
  { dtype: 'UINT8', data: Uint8Array.of(0, 255) },
  { dtype: 'UINT16', data: Uint16Array.of(0, 65_535) },
  { dtype: 'UINT32', data: Uint32Array.of(0, 2 ** 32 - 1) },
  { dtype: 'UINT64', data: BigUint64Array.of(0n, 2n ** 64n - 1n) },
  { dtype: 'INT8', data: Int8Array.of(-128, 127) },
  { dtype: 'INT16', data: Int16Array.of(-32_768, 32_767) },
  { dtype: 'INT32', data: Int32Array.of(-(2 ** 31), 2 ** 31 - 1) },
  { dtype: 'INT64', data: BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n) },
  { dtype: 'FP16', data: Uint16Array.of(0x3c01, 0x7c00) },
  { dtype: 'FP32', data: Float32Array.of(0.1, NaN) },
  { dtype: 'FP64', data: Float64Array.of(Number.MIN_VALUE, -Infinity) },
  { dtype: 'BYTES', data: ['', 'größer 🚀'] },
]

const ADD = modelSchema({
  name: 'add',
  inputs: { a: { dtype: 'FP32', shape: ['batch', 2] }, b: { dtype: 'FP32', shape: ['batch', 2] } },
  outputs: { sum: { dtype: 'FP32', shape: ['batch', 2] } },
})

describe('the typed client and the built server', function () {
  this.timeout(60_000)
  let modelStore: string
  let server: ServerProcess
  let client: OnnxServeClient

  /** As the archiver packs it: with what the graph says of its tensors. */
  const packed = async (modelName: string, model: Uint8Array): Promise<string> => {
    const serializedFile = join(modelStore, `${modelName}.onnx`)
    await writeFile(serializedFile, model)
    const args = ['--model-name', modelName, '--version', '1.0', '--serialized-file', serializedFile]
    await promisify(execFile)(process.execPath, [ARCHIVER, ...args, '--export-path', modelStore])
    return join(modelStore, `${modelName}.mar`)
  }

  before(async () => {
    modelStore = await temporaryDirectory()
    await packTestArchive(modelStore, { modelName: 'add', model: twoInputAdd() })
    for (const { dtype } of DATA) {
      await packTestArchive(modelStore, { modelName: `identity-${dtype}`, model: identity(dtype) })
    }
    server = await ServerProcess.start({ modelStore, args: ['--load-models', 'all'] })
    client = new OnnxServeClient(server.inference)
  })

  after(async () => {
    await server.stop()
    await removeDirectory(modelStore)
  })

  for (const format of ['binary', 'json'] as const) {
    for (const { dtype, data } of DATA) {
      it(`agree on every bit of ${dtype} in ${format}`, async () => {
        const model = client.model(`identity-${dtype}`)
        const { outputs } = await model.infer({ x: { shape: [1, 2], data } }, { format })
        assert.deepEqual(outputs['y'], { dtype, shape: [1, 2], data })
      })
    }

    it(`agree on no rows in ${format}`, async () => {
      const { outputs } = await client
        .model(ADD)
        .infer({ a: { shape: [0, 2], data: [] }, b: { shape: [0, 2], data: [] } }, { format })
      assert.deepEqual(outputs.sum, { dtype: 'FP32', shape: [0, 2], data: new Float32Array(0) })
    })
  }

  it('agree on who has answered, and on the id', async () => {
    const answer = await client
      .model(ADD)
      .infer({ a: [[1, 2]], b: [[3, 4]] }, { id: 'mine', outputs: ['sum'] })
    assert.deepEqual(answer, {
      id: 'mine',
      modelVersion: '1.0',
      outputs: { sum: { dtype: 'FP32', shape: [1, 2], data: Float32Array.of(4, 6) } },
    })
  })

  it('agree on health and on what there is', async () => {
    assert.equal(await client.isLive(), true)
    assert.equal(await client.isReady(), true)
    assert.equal(await client.model(ADD).isReady(), true)
    assert.equal((await client.metadata()).name, 'onnxserve')
    assert.deepEqual(
      [...(await client.models())].sort(),
      ['add', ...DATA.map(({ dtype }) => `identity-${dtype}`)].sort(),
    )
  })

  it('agree on what is wrong', () =>
    assert.rejects(client.model('no-such-model').infer({}), {
      kind: 'refused',
      status: 404,
      message: /no-such-model/,
    }))

  it('write the schema of a model that is served, and of an archive', async () => {
    const run = promisify(execFile)
    const expected = [
      'export const add = modelSchema({',
      "  name: 'add',",
      '  inputs: {',
      "    'a': { dtype: 'FP32', shape: [-1, 2] },",
      "    'b': { dtype: 'FP32', shape: [-1, 2] },",
      '  },',
      '  outputs: {',
      "    'sum': { dtype: 'FP32', shape: [-1, 2] },",
      '  },',
      '})',
      '',
    ]
    const served = await run(process.execPath, [MAIN, 'client-types', 'add', '--url', server.inference])
    assert.deepEqual(served.stdout.split('\n').slice(3), expected)
    const archive = await packed('looked-into', twoInputAdd())
    const file = join(modelStore, 'looked-into.ts')
    const written = await run(process.execPath, [MAIN, 'client-types', archive, '--output', file])
    assert.equal(written.stdout, `wrote ${file}\n`)
    assert.match(
      await readFile(file, 'utf8'),
      /export const lookedInto = .*'a': \{ dtype: 'FP32', shape: \['batch', 2\] \}/s,
    )
  })
})
