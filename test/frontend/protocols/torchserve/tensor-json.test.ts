import assert from 'node:assert/strict'
import { jsonFromTensors } from '../../../../frontend/protocols/torchserve/tensor-json.ts'
import type { Tensor } from '../../../../worker/contract/tensor.ts'

const CASES: readonly { readonly it: string; readonly tensor: Tensor; readonly json: string }[] = [
  {
    it: 'a scalar as a bare number',
    tensor: { name: 'y', dtype: 'FP32', shape: [], data: Float32Array.of(2) },
    json: '{"y":2}',
  },
  {
    it: 'rows and columns',
    tensor: { name: 'y', dtype: 'INT32', shape: [2, 2], data: Int32Array.of(1, 2, 3, 4) },
    json: '{"y":[[1,2],[3,4]]}',
  },
  {
    it: 'no rows as an empty list',
    tensor: { name: 'y', dtype: 'INT32', shape: [0, 2], data: new Int32Array() },
    json: '{"y":[]}',
  },
  {
    it: 'rows without columns',
    tensor: { name: 'y', dtype: 'INT32', shape: [2, 0], data: new Int32Array() },
    json: '{"y":[[],[]]}',
  },
  {
    it: 'booleans',
    tensor: { name: 'y', dtype: 'BOOL', shape: [2], data: Uint8Array.of(0, 1) },
    json: '{"y":[false,true]}',
  },
  {
    it: 'half precision by value',
    tensor: { name: 'y', dtype: 'FP16', shape: [1], data: Uint16Array.of(0x3c00) },
    json: '{"y":[1]}',
  },
  {
    it: 'strings, escaped',
    tensor: { name: 'a"b', dtype: 'BYTES', shape: [1], data: ['x"\n'] },
    json: '{"a\\"b":["x\\"\\n"]}',
  },
  {
    it: 'large integers as exact strings',
    tensor: {
      name: 'y',
      dtype: 'INT64',
      shape: [3],
      data: BigInt64Array.of(9007199254740991n, 9007199254740993n, -1n),
    },
    json: '{"y":[9007199254740991,"9007199254740993",-1]}',
  },
  {
    it: 'what JSON has no number for as strings',
    tensor: { name: 'y', dtype: 'FP64', shape: [3], data: Float64Array.of(NaN, Infinity, -Infinity) },
    json: '{"y":["NaN","Infinity","-Infinity"]}',
  },
]

describe('jsonFromTensors', () => {
  for (const { it: claim, tensor, json } of CASES) {
    it(`writes ${claim}`, () => {
      assert.equal(jsonFromTensors([tensor]), json)
      assert.doesNotThrow(() => JSON.parse(json))
    })
  }

  it('writes every output by its name', () => {
    const data = Int32Array.of(1)
    const [a, b] = ['a', 'b'].map((name): Tensor => ({ name, dtype: 'INT32', shape: [1], data }))
    assert.equal(jsonFromTensors([a, b].filter((tensor) => tensor !== undefined)), '{"a":[1],"b":[1]}')
  })
})
