import assert from 'node:assert/strict'
import { join } from 'node:path'
import type { DataType } from '../../../worker/contract/data-type.ts'
import { elementCount, type Tensor } from '../../../worker/contract/tensor.ts'
import { OrtSession } from '../../../worker/thread/session.ts'
import { answersOf, bodyRequest, tensorsRequest } from '../../support/batch-requests.ts'
import { LoadedInstance } from '../../support/loaded-instance.ts'
import { modelDirectory, type ModelDirectory } from '../../support/model-directory.ts'
import { fixedBatch, identity, rowsLost, tableRows } from '../../support/models.ts'
import { TENSOR_OF_EVERY_TYPE } from '../../support/tensors.ts'

/** As many elements as the shape wants, over and over the awkward values of the type. */
function filled(dtype: DataType, shape: readonly number[]): Tensor {
  const source = TENSOR_OF_EVERY_TYPE.find((each) => each.dtype === dtype)
  if (source === undefined) throw new Error(`no values of ${dtype}`)
  const length = elementCount(shape)
  if (source.dtype === 'BYTES') {
    return {
      name: 'x',
      dtype: 'BYTES',
      shape,
      data: Array.from({ length }, (_, i) => source.data[i % 4] ?? ''),
    }
  }
  const data = source.data.slice(0, 0).constructor as new (length: number) => Float32Array
  const values = new data(length)
  for (let i = 0; i < length; i++) values[i] = source.data[i % 4] as number // of the array's own type
  return { name: 'x', dtype, shape, data: values } as unknown as Tensor // made from dtype's own array
}

/** Bits, so that a not-a-number is what it was. */
function bitsOf(tensors: readonly Tensor[]): unknown {
  return tensors.map(({ name, dtype, shape, data }) => ({
    name,
    dtype,
    shape: [...shape],
    data: ArrayBuffer.isView(data)
      ? Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('hex')
      : data,
  }))
}

/** A graph, and requests that are sent together: the shape of the input, and of each request. */
const SHAPES: readonly {
  readonly it: string
  readonly graph: readonly (number | string)[]
  readonly sent: readonly (readonly number[])[]
}[] = [
  { it: 'scalars', graph: [], sent: [[], []] },
  { it: 'rows of rank 1', graph: ['batch'], sent: [[2], [1], [3]] },
  {
    it: 'rows of rank 2',
    graph: ['batch', 2],
    sent: [
      [1, 2],
      [2, 2],
    ],
  },
  {
    it: 'rows of rank 4',
    graph: [-1, 2, -1, 1],
    sent: [
      [1, 2, 3, 1],
      [2, 2, 1, 1],
      [1, 2, 3, 1],
    ],
  },
  {
    it: 'rows of rank 6',
    graph: ['b', 1, 2, 1, 2, 1],
    sent: [
      [2, 1, 2, 1, 2, 1],
      [1, 1, 2, 1, 2, 1],
    ],
  },
  { it: 'a fixed shape of rank 1', graph: [4], sent: [[4], [4]] },
  {
    it: 'a fixed shape of rank 3',
    graph: [2, 1, 3],
    sent: [
      [2, 1, 3],
      [2, 1, 3],
    ],
  },
  {
    it: 'no rows beside some',
    graph: ['batch', 2],
    sent: [
      [0, 2],
      [2, 2],
      [0, 2],
    ],
  },
  { it: 'no rows at all', graph: ['batch', 2], sent: [[0, 2]] },
  {
    it: 'rows without elements',
    graph: ['batch', 'length'],
    sent: [
      [2, 0],
      [1, 3],
      [1, 0],
    ],
  },
  {
    it: 'a fixed shape without elements',
    graph: [0, 3],
    sent: [
      [0, 3],
      [0, 3],
    ],
  },
  {
    it: 'more rows than a run may have',
    graph: ['batch', 2],
    sent: [
      [11, 2],
      [1, 2],
    ],
  },
]

describe('requests that share a batch are answered as the graph alone would', () => {
  const worker = new LoadedInstance()
  let alone: OrtSession | undefined
  let directory: ModelDirectory | undefined
  afterEach(async () => {
    await worker.release()
    await alone?.release()
    await directory?.remove()
    alone = directory = undefined
  })

  /** Runs each request by itself on a session of its own. */
  async function direct(model: Uint8Array, requests: readonly (readonly Tensor[])[]): Promise<unknown[]> {
    directory = await modelDirectory({ 'model.onnx': model })
    const { modelDir } = directory.spec
    alone = await OrtSession.open(join(modelDir, 'model.onnx'), {
      device: { provider: 'cpu', deviceId: 0 },
      intraOpThreads: 1,
    })
    const answers: unknown[] = []
    for (const request of requests) answers.push(bitsOf(await alone.run(request)))
    return answers
  }
  async function served(model: Uint8Array, requests: readonly (readonly Tensor[])[]): Promise<unknown[]> {
    await worker.load({ 'model.onnx': model })
    const answers = answersOf(await worker.instance.run(requests.map((request) => tensorsRequest(request))))
    return answers.map((answer) => bitsOf(answer as readonly Tensor[]))
  }

  for (const { it: claim, graph, sent } of SHAPES) {
    for (const { dtype } of TENSOR_OF_EVERY_TYPE) {
      it(`${dtype}, ${claim}`, async () => {
        const model = identity(dtype, graph)
        const requests = sent.map((shape) => [filled(dtype, shape)])
        assert.deepEqual(await served(model, requests), await direct(model, requests))
      })
    }
  }

  const x = (shape: readonly number[]) => [filled('FP32', shape)]
  const OTHERS = [
    { it: 'an output without rows', model: rowsLost(), requests: [x([1, 2]), x([3, 2])] },
    { it: 'a graph of so many rows', model: fixedBatch(3), requests: [x([3, 2]), x([3, 2])] },
    {
      it: 'a table and indexes into it',
      model: tableRows(),
      requests: [
        [
          { name: 'table', dtype: 'FP32', shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) },
          { name: 'indexes', dtype: 'INT64', shape: [3], data: BigInt64Array.of(1n, 0n, 1n) },
        ],
        [
          { name: 'table', dtype: 'FP32', shape: [1, 2], data: Float32Array.of(5, 6) },
          { name: 'indexes', dtype: 'INT64', shape: [1], data: BigInt64Array.of(0n) },
        ],
      ],
    },
  ] as const satisfies readonly { it: string; model: Uint8Array; requests: readonly (readonly Tensor[])[] }[]
  for (const { it: claim, model, requests } of OTHERS) {
    it(claim, async () => {
      assert.deepEqual(await served(model, requests), await direct(model, requests))
    })
  }

  it('raw parts and tensors of a scalar alike', async () => {
    await worker.load({ 'model.onnx': identity('FP32', []) })
    const answers = answersOf(
      await worker.instance.run([
        bodyRequest({ x: 1.5 }),
        tensorsRequest([{ name: 'x', dtype: 'FP32', shape: [], data: Float32Array.of(2.5) }]),
      ]),
    )
    assert.deepEqual(answers, [
      { y: 1.5 },
      [{ name: 'y', dtype: 'FP32', shape: [], data: Float32Array.of(2.5) }],
    ])
  })
})
