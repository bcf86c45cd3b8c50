import assert from 'node:assert/strict'
import { checkFeeds } from '../../../worker/contract/check-feeds.ts'
import type { Tensor, TensorMetadata } from '../../../worker/contract/tensor.ts'

const IMAGE: TensorMetadata = { name: 'image', dtype: 'FP32', shape: ['batch', 3, -1] }
const IDS: TensorMetadata = { name: 'ids', dtype: 'INT64', shape: ['batch', 'length'] }
const MASK: TensorMetadata = { name: 'mask', dtype: 'INT64', shape: ['batch', 'length'] }
const HINT: TensorMetadata = { name: 'hint', dtype: 'INT64', shape: ['batch', 'length'], optional: true }
const ANY: TensorMetadata = { name: 'any', dtype: 'FP32', shape: [] }

const SCALAR: TensorMetadata = { name: 'scale', dtype: 'FP32', shape: [], isScalar: true }

const fp32 = (name: string, shape: readonly number[]): Tensor => ({
  name,
  dtype: 'FP32',
  shape,
  data: new Float32Array(shape.reduce((a, b) => a * b, 1)),
})
const int64 = (name: string, shape: readonly number[]): Tensor => ({
  name,
  dtype: 'INT64',
  shape,
  data: new BigInt64Array(shape.reduce((a, b) => a * b, 1)),
})

describe('checkFeeds', () => {
  it('returns the tensors in the order of the inputs', () => {
    const [ids, mask] = [int64('ids', [1, 4]), int64('mask', [1, 4])]
    assert.deepEqual(checkFeeds([IDS, MASK], [mask, ids]), [ids, mask])
  })

  const ACCEPTED = [
    { it: 'any size of a variable dimension', inputs: [IMAGE], tensors: [fp32('image', [7, 3, 11])] },
    { it: 'no rows', inputs: [IMAGE], tensors: [fp32('image', [0, 3, 1])] },
    { it: 'rows without elements', inputs: [IDS], tensors: [int64('ids', [65_536, 0])] },
    { it: 'any shape where none is declared', inputs: [ANY], tensors: [fp32('any', [2, 2])] },
    { it: 'a scalar', inputs: [SCALAR], tensors: [fp32('scale', [])] },
    { it: 'a request without an optional input', inputs: [HINT, IDS], tensors: [int64('ids', [1, 4])] },
    { it: 'no tensors for a graph without inputs', inputs: [], tensors: [] },
  ]
  for (const each of ACCEPTED) {
    it(`accepts ${each.it}`, () => assert.deepEqual(checkFeeds(each.inputs, each.tensors), each.tensors))
  }

  const REFUSED = [
    {
      it: 'a vector for a scalar',
      inputs: [SCALAR],
      tensors: [fp32('scale', [1])],
      message: "input 'scale' has shape [1], model expects []",
    },
    {
      it: 'a missing input',
      inputs: [IDS, MASK],
      tensors: [int64('ids', [1, 4])],
      message: "input 'mask' is missing, model expects INT64 [batch,length]",
    },
    {
      it: 'an unknown input',
      inputs: [IMAGE],
      tensors: [fp32('image', [1, 3, 1]), fp32('imgae', [1])],
      message: "unknown input 'imgae', the model expects 'image'; did you mean 'image'?",
    },
    {
      it: 'a misspelt input, before it says that one is missing',
      inputs: [IDS, MASK],
      tensors: [int64('ids', [1, 4]), int64('masks', [1, 4])],
      message: "unknown input 'masks', the model expects 'ids', 'mask'; did you mean 'mask'?",
    },
    {
      it: 'negative sizes whose product looks right',
      inputs: [IMAGE],
      tensors: [{ ...fp32('image', [1, 3, 1]), shape: [-1, 3, -1] }],
      message: "input 'image' has shape [-1,3,-1], model expects [batch,3,-1]",
    },
    {
      it: 'a size of an optional input that belongs to another',
      inputs: [HINT, IDS],
      tensors: [int64('ids', [1, 4]), int64('hint', [1, 5])],
      message: "input 'ids' has 'length' 4, but input 'hint' has 5; they must be equal",
    },
    {
      it: 'more rows without elements than anybody needs',
      inputs: [IDS],
      tensors: [int64('ids', [2 ** 40, 0])],
      message:
        "input 'ids' has shape [1099511627776,0] and no elements; the other sizes of an empty tensor may come to 65536 at most",
    },
    {
      it: 'a great size of no rows',
      inputs: [IDS],
      tensors: [int64('ids', [0, 2 ** 40])],
      message:
        "input 'ids' has shape [0,1099511627776] and no elements; the other sizes of an empty tensor may come to 65536 at most",
    },
    {
      it: 'an input given twice',
      inputs: [IMAGE],
      tensors: [fp32('image', [1, 3, 1]), fp32('image', [1, 3, 1])],
      message: "input 'image' is given twice",
    },
    {
      it: 'another data type',
      inputs: [IMAGE],
      tensors: [int64('image', [1, 3, 1])],
      message: "input 'image' has dtype INT64, model expects FP32",
    },
    {
      it: 'another rank',
      inputs: [IMAGE],
      tensors: [fp32('image', [1, 3, 1, 1])],
      message: "input 'image' has shape [1,3,1,1], model expects [batch,3,-1]",
    },
    {
      it: 'a row without the dimension of the rows',
      inputs: [IMAGE],
      tensors: [fp32('image', [3, 1])],
      message:
        "input 'image' has shape [3,1], model expects [batch,3,-1]; its first dimension is the rows: send [1,3,1] for one",
    },
    {
      it: 'one dimension less where that would not help',
      inputs: [IMAGE],
      tensors: [fp32('image', [4, 1])],
      message: "input 'image' has shape [4,1], model expects [batch,3,-1]",
    },
    {
      it: 'another size of a fixed dimension',
      inputs: [IMAGE],
      tensors: [fp32('image', [1, 4, 1])],
      message: "input 'image' has shape [1,4,1], model expects [batch,3,-1]",
    },
    {
      it: 'fewer elements than the shape says',
      inputs: [IMAGE],
      tensors: [{ ...fp32('image', [1, 3, 1]), shape: [2, 3, 1] }],
      message: "input 'image' has 3 elements, its shape [2,3,1] needs 6",
    },
    {
      it: 'two sizes of one symbolic dimension',
      inputs: [IDS, MASK],
      tensors: [int64('ids', [1, 4]), int64('mask', [1, 5])],
      message: "input 'mask' has 'length' 5, but input 'ids' has 4; they must be equal",
    },
  ]
  for (const { it: name, inputs, tensors, message } of REFUSED) {
    it(`refuses ${name}`, () => {
      assert.throws(() => checkFeeds(inputs, tensors), { code: 'invalid_argument', message })
    })
  }
})
