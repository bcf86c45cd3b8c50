import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { DATA_TYPES } from '../../worker/contract/data-type.ts'
import { mlp, mlpAnswer, mlpLayers } from './mlp.ts'
import * as models from './models.ts'
import { buildModel } from './onnx-builder.ts'

type Feeds = Readonly<Record<string, Tensor>>

/** One thread, so that a test on a small machine leaves the other cores alone. */
const OPTIONS = { intraOpNumThreads: 1 }

async function answerOf(model: Uint8Array, feeds: Feeds): Promise<Readonly<Record<string, unknown[]>>> {
  const session = await InferenceSession.create(model, OPTIONS)
  try {
    const fetches = await session.run(feeds)
    return Object.fromEntries(Object.entries(fetches).map(([name, tensor]) => [name, elementsOf(tensor)]))
  } finally {
    await session.release()
  }
}

/** The native library returns nothing but tensors here; `data` of a union of tensors has no common iterator. */
const elementsOf = (tensor: InferenceSession.OnnxValueMapType[string]) =>
  Array.from(tensor.data as Iterable<unknown>)

const fp32 = (shape: readonly number[], ...values: readonly number[]) =>
  new Tensor('float32', Float32Array.from(values), shape)
const int64 = (shape: readonly number[], ...values: readonly bigint[]) =>
  new Tensor('int64', BigInt64Array.from(values), shape)

describe('test models', () => {
  const CASES: { it: string; model: Uint8Array; feeds: Feeds; expected: Record<string, unknown[]> }[] = [
    {
      it: 'stringIdentity returns its strings',
      model: models.stringIdentity(),
      feeds: { x: new Tensor('string', ['è', ''], [2]) },
      expected: { y: ['è', ''] },
    },
    {
      it: 'twoInputAdd adds',
      model: models.twoInputAdd(),
      feeds: { a: fp32([1, 2], 1, 2), b: fp32([1, 2], 10, 20) },
      expected: { sum: [11, 22] },
    },
    {
      it: 'fixedBatch doubles',
      model: models.fixedBatch(2),
      feeds: { x: fp32([2, 2], 1, 2, 3, 4) },
      expected: { y: [2, 4, 6, 8] },
    },
    {
      it: 'variableLength sums each row',
      model: models.variableLength(),
      feeds: { x: fp32([2, 3], 1, 2, 3, 4, 5, 6) },
      expected: { y: [6, 15] },
    },
    {
      it: 'rowsLost sums all rows into one scalar',
      model: models.rowsLost(),
      feeds: { x: fp32([2, 2], 1, 2, 3, 4) },
      expected: { total: [10] },
    },
    {
      it: 'endlessLoop ends at once on zeros when it is entered by positive input only',
      model: models.endlessLoop('positive'),
      feeds: { x: fp32([2, 1], 0, 0) },
      expected: { y: [0, 0] },
    },
    {
      it: 'allocationBomb counts the elements that each request made it allocate',
      model: models.allocationBomb(),
      feeds: { shape: int64([2, 2], 3n, 2n, 1n, 5n) },
      expected: { y: [15, 15] },
    },
  ]
  for (const { it: name, model, feeds, expected } of CASES) {
    it(name, async () => assert.deepEqual(await answerOf(model, feeds), expected))
  }

  it('mlp answers as the same layers computed in plain JavaScript', async () => {
    const rows = [
      [0.5, -1, 2, 0],
      [1, 1, 1, 1],
    ]
    const expected = rows.flatMap((row) => mlpAnswer(mlpLayers([4, 16, 3], 7), row))
    const { y = [] } = await answerOf(mlp([4, 16, 3], 7), { x: fp32([2, 4], ...rows.flat()) })
    assert.equal(y.length, 6)
    for (const [index, value] of y.entries()) {
      assert.ok(
        Math.abs(Number(value) - (expected[index] ?? NaN)) < 1e-6,
        `element ${index}: ${String(value)}`,
      )
    }
  })

  it('mlp is the same bytes for the same seed and others for another', () => {
    assert.deepEqual(mlp([4, 16, 3], 7), mlp([4, 16, 3], 7))
    assert.notDeepEqual(mlp([4, 16, 3], 7), mlp([4, 16, 3], 8))
  })
})

describe('identity', () => {
  for (const dtype of DATA_TYPES) {
    it(`of ${dtype} is loaded with its symbolic and its unnamed dimension`, async () => {
      const session = await InferenceSession.create(models.identity(dtype, ['batch', -1, 3]), OPTIONS)
      const [input] = session.inputMetadata
      await session.release()
      assert.ok(input?.isTensor)
      assert.equal(input.shape[0], 'batch')
      assert.equal(input.shape[2], 3)
    })
  }
})

describe('endlessLoop', () => {
  it('is loaded', async () => {
    const session = await InferenceSession.create(models.endlessLoop(), OPTIONS)
    await session.release()
  })
})

describe('externalData', () => {
  let directory: string
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'onnxserve-'))))
  afterEach(() => rmSync(directory, { recursive: true }))

  it('takes its weights from the file beside the model', async () => {
    const session = await InferenceSession.create(models.externalData(directory), OPTIONS)
    const { y } = await session.run({ x: fp32([1, 4], 1, 0, 0, 2) })
    await session.release()
    assert.deepEqual(Array.from(y?.data as Float32Array), [1 + 20, 2 + 22, 3 + 24])
  })
})

describe('buildModel', () => {
  it('writes functions, sparse initializers and nested graphs that the runtime accepts', async () => {
    const weights = { name: 'w', dtype: 'FP32', shape: [2], data: Float32Array.of(3, 5) } as const
    const indices = { name: '', dtype: 'INT64', shape: [2], data: BigInt64Array.of(0n, 3n) } as const
    const model = buildModel({
      inputs: [{ name: 'x', dtype: 'FP32', shape: [4] }],
      outputs: [{ name: 'y', dtype: 'FP32', shape: [4] }],
      nodes: [
        { op: 'Twice', domain: 'test', inputs: ['x'], outputs: ['twice'] },
        { op: 'Add', inputs: ['twice', 'w'], outputs: ['y'] },
      ],
      sparseInitializers: [{ values: weights, indices, shape: [4] }],
      functions: [
        {
          name: 'Twice',
          domain: 'test',
          inputs: ['in'],
          outputs: ['out'],
          nodes: [{ op: 'Add', inputs: ['in', 'in'], outputs: ['out'] }],
        },
      ],
    })
    const { y } = await answerOf(model, { x: fp32([4], 1, 2, 3, 4) })
    assert.deepEqual(y, [2 + 3, 4, 6, 8 + 5])
  })
})
