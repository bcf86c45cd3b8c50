import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Tensor } from '../../worker/contract/tensor.ts'
import { buildModel, type Graph, type OnnxType } from './onnx-builder.ts'

export { mlp } from './mlp.ts'

type Shape = readonly (number | string)[]

const scalar = (name: string, value: number): Tensor => ({
  name,
  dtype: 'FP32',
  shape: [],
  data: Float32Array.of(value),
})
const int64 = (name: string, ...values: readonly bigint[]): Tensor => ({
  name,
  dtype: 'INT64',
  shape: [values.length],
  data: BigInt64Array.from(values),
})

/** `y` = `x`. */
export function identity(dtype: OnnxType, shape: Shape = ['batch', 2]): Uint8Array {
  return buildModel({
    inputs: [{ name: 'x', dtype, shape }],
    outputs: [{ name: 'y', dtype, shape }],
    nodes: [{ op: 'Identity', inputs: ['x'], outputs: ['y'] }],
  })
}

/** `y` = `x`, strings `[batch]`. */
export function stringIdentity(): Uint8Array {
  return identity('BYTES', ['batch'])
}

/** `y` = `x` / 2 + `more`, FP32 `[batch]`: with 2, the model of TensorFlow Serving's own examples. */
export function halfPlus(more: number): Uint8Array {
  return buildModel({
    inputs: [{ name: 'x', dtype: 'FP32', shape: ['batch'] }],
    outputs: [{ name: 'y', dtype: 'FP32', shape: ['batch'] }],
    nodes: [
      { op: 'Mul', inputs: ['x', 'half'], outputs: ['halved'] },
      { op: 'Add', inputs: ['halved', 'more'], outputs: ['y'] },
    ],
    initializers: [scalar('half', 0.5), scalar('more', more)],
  })
}

/** `sum` = `a` + `b`, each FP32 `[batch, 2]`. */
export function twoInputAdd(): Uint8Array {
  const shape = ['batch', 2]
  return buildModel({
    inputs: [
      { name: 'a', dtype: 'FP32', shape },
      { name: 'b', dtype: 'FP32', shape },
    ],
    outputs: [{ name: 'sum', dtype: 'FP32', shape }],
    nodes: [{ op: 'Add', inputs: ['a', 'b'], outputs: ['sum'] }],
  })
}

/** `double` = 2 `x` and `negative` = -`x`, FP32 `[batch, 2]`. */
export function twoOutputs(): Uint8Array {
  const shape = ['batch', 2]
  return buildModel({
    inputs: [{ name: 'x', dtype: 'FP32', shape }],
    outputs: [
      { name: 'double', dtype: 'FP32', shape },
      { name: 'negative', dtype: 'FP32', shape },
    ],
    nodes: [
      { op: 'Add', inputs: ['x', 'x'], outputs: ['double'] },
      { op: 'Neg', inputs: ['x'], outputs: ['negative'] },
    ],
  })
}

/** `product` = `a` × `b`, FP32: no dimension of it is the rows of requests. */
export function matrixProduct(): Uint8Array {
  return buildModel({
    inputs: [
      { name: 'a', dtype: 'FP32', shape: ['n', 'k'] },
      { name: 'b', dtype: 'FP32', shape: ['k', 'm'] },
    ],
    outputs: [{ name: 'product', dtype: 'FP32', shape: ['n', 'm'] }],
    nodes: [{ op: 'MatMul', inputs: ['a', 'b'], outputs: ['product'] }],
  })
}

/** `rows` = those of `table` FP32 `[size, 2]` that `indexes` INT64 `[count]` names. */
export function tableRows(): Uint8Array {
  return buildModel({
    inputs: [
      { name: 'table', dtype: 'FP32', shape: ['size', 2] },
      { name: 'indexes', dtype: 'INT64', shape: ['count'] },
    ],
    outputs: [{ name: 'rows', dtype: 'FP32', shape: ['count', 2] }],
    nodes: [{ op: 'Gather', inputs: ['table', 'indexes'], outputs: ['rows'] }],
  })
}

/** `y` = 2 `x`, FP32 `[rows, 2]`: a graph that takes exactly so many rows. */
export function fixedBatch(rows: number): Uint8Array {
  return buildModel({
    inputs: [{ name: 'x', dtype: 'FP32', shape: [rows, 2] }],
    outputs: [{ name: 'y', dtype: 'FP32', shape: [rows, 2] }],
    nodes: [{ op: 'Mul', inputs: ['x', 'two'], outputs: ['y'] }],
    initializers: [scalar('two', 2)],
  })
}

/** `y` = the sum of each row of `x`, FP32: requests of different length cannot share a run. */
export function variableLength(shape: Shape = ['batch', 'length']): Uint8Array {
  return buildModel({
    inputs: [{ name: 'x', dtype: 'FP32', shape }],
    outputs: [{ name: 'y', dtype: 'FP32', shape: shape.slice(0, 1) }],
    nodes: [{ op: 'ReduceSum', inputs: ['x', 'axes'], outputs: ['y'], attributes: { keepdims: { int: 0 } } }],
    initializers: [int64('axes', 1n)],
  })
}

/** `total` = the sum of all of `x`, FP32 `[batch, 2]`, as a scalar: rows cannot be told apart again. */
export function rowsLost(): Uint8Array {
  return buildModel({
    inputs: [{ name: 'x', dtype: 'FP32', shape: ['batch', 2] }],
    outputs: [{ name: 'total', dtype: 'FP32', shape: [] }],
    nodes: [{ op: 'ReduceSum', inputs: ['x'], outputs: ['total'], attributes: { keepdims: { int: 0 } } }],
  })
}

/** 2^53 rounds of a microsecond or so are centuries. */
const ENDLESS_ROUNDS = 2n ** 53n

/**
 * `y` = `x` + the rounds of an ONNX `Loop` that never ends, FP32 `[batch, 1]`.
 *
 * With `positive` the loop is entered only when some `x` is above 0, so that the graph survives a warm-up
 * with zeros and hangs on request.
 */
export function endlessLoop(entered: 'always' | 'positive' = 'always'): Uint8Array {
  return countingLoop(ENDLESS_ROUNDS, entered)
}

/** The same with so many rounds. */
export function countingLoop(rounds: bigint, entered: 'always' | 'positive' = 'positive'): Uint8Array {
  const isEntered: Graph['nodes'] = [
    { op: 'ReduceMax', inputs: ['x'], outputs: ['largest'], attributes: { keepdims: { int: 0 } } },
    { op: 'Greater', inputs: ['largest', 'limit'], outputs: ['entered'] },
  ]
  return buildModel({
    inputs: [{ name: 'x', dtype: 'FP32', shape: ['batch', 1] }],
    outputs: [{ name: 'y', dtype: 'FP32', shape: ['batch', 1] }],
    nodes: [
      ...isEntered,
      {
        op: 'Loop',
        inputs: ['rounds', 'entered', 'x'],
        outputs: ['y'],
        attributes: { body: { graph: countingBody() } },
      },
    ],
    initializers: [
      { name: 'rounds', dtype: 'INT64', shape: [], data: BigInt64Array.of(rounds) },
      scalar('limit', entered === 'always' ? -Infinity : 0),
      scalar('one', 1),
    ],
  })
}

function countingBody(): Graph {
  return {
    inputs: [
      { name: 'round', dtype: 'INT64', shape: [] },
      { name: 'goesOn', dtype: 'BOOL', shape: [] },
      { name: 'before', dtype: 'FP32', shape: ['batch', 1] },
    ],
    outputs: [
      { name: 'stillGoesOn', dtype: 'BOOL', shape: [] },
      { name: 'after', dtype: 'FP32', shape: ['batch', 1] },
    ],
    nodes: [
      { op: 'Identity', inputs: ['goesOn'], outputs: ['stillGoesOn'] },
      { op: 'Add', inputs: ['before', 'one'], outputs: ['after'] },
    ],
  }
}

/**
 * `y` FP32 `[batch]` = the number of elements of a tensor of the shape that `shape` INT64 `[batch, 2]` asks
 * for (the largest of the rows). The 16 bytes of `[[100000, 20000]]` make it allocate 8 GB.
 */
export function allocationBomb(): Uint8Array {
  return buildModel({
    inputs: [{ name: 'shape', dtype: 'INT64', shape: ['batch', 2] }],
    outputs: [{ name: 'y', dtype: 'FP32', shape: ['batch'] }],
    nodes: [
      {
        op: 'ReduceMax',
        inputs: ['shape', 'rows'],
        outputs: ['largest'],
        attributes: { keepdims: { int: 0 } },
      },
      {
        op: 'ConstantOfShape',
        inputs: ['largest'],
        outputs: ['ones'],
        attributes: { value: { tensor: { ...scalar('', 1), shape: [1] } } },
      },
      { op: 'ReduceSum', inputs: ['ones'], outputs: ['total'], attributes: { keepdims: { int: 0 } } },
      // Zero for each row, so that the answer keeps the rows.
      { op: 'Mul', inputs: ['shape', 'zero'], outputs: ['zeros'] },
      {
        op: 'ReduceSum',
        inputs: ['zeros', 'columns'],
        outputs: ['perRow'],
        attributes: { keepdims: { int: 0 } },
      },
      { op: 'Cast', inputs: ['perRow'], outputs: ['perRowFloat'], attributes: { to: { int: 1 } } },
      { op: 'Add', inputs: ['perRowFloat', 'total'], outputs: ['y'] },
    ],
    initializers: [int64('rows', 0n), int64('columns', 1n), int64('zero', 0n)],
  })
}

/**
 * `y` = `x` × weights, FP32 `[batch, 4]` → `[batch, 3]`, written to `directory` as `model.onnx` with its
 * weights 1 … 12 in `weights.bin` beside it; returns the path of the model.
 */
export function externalData(directory: string, location = 'weights.bin'): string {
  const weights = Float32Array.from({ length: 12 }, (_, index) => index + 1)
  const model = buildModel({
    inputs: [{ name: 'x', dtype: 'FP32', shape: ['batch', 4] }],
    outputs: [{ name: 'y', dtype: 'FP32', shape: ['batch', 3] }],
    nodes: [{ op: 'MatMul', inputs: ['x', 'w'], outputs: ['y'] }],
    initializers: [
      {
        name: 'w',
        dtype: 'FP32',
        shape: [4, 3],
        external: { location, offset: 0, length: weights.byteLength },
      },
    ],
  })
  writeFileSync(join(directory, 'weights.bin'), new Uint8Array(weights.buffer))
  const path = join(directory, 'model.onnx')
  writeFileSync(path, model)
  return path
}

/**
 * `mean` `[batch]` = the mean of the elements of `x` that `mask` marks with 1, and `y` = `x` less that mean, FP32
 * `[batch, length]`: what is masked has no part in the first, and an element of its own in the second.
 */
export function maskedMean(): Uint8Array {
  const shape = ['batch', 'length']
  const keepdims = { keepdims: { int: 1 } }
  return buildModel({
    inputs: [
      { name: 'x', dtype: 'FP32', shape },
      { name: 'mask', dtype: 'FP32', shape },
    ],
    outputs: [
      { name: 'y', dtype: 'FP32', shape },
      { name: 'mean', dtype: 'FP32', shape: ['batch', 1] },
    ],
    nodes: [
      { op: 'Mul', inputs: ['x', 'mask'], outputs: ['marked'] },
      { op: 'ReduceSum', inputs: ['marked', 'axes'], outputs: ['sum'], attributes: keepdims },
      { op: 'ReduceSum', inputs: ['mask', 'axes'], outputs: ['count'], attributes: keepdims },
      { op: 'Div', inputs: ['sum', 'count'], outputs: ['mean'] },
      { op: 'Sub', inputs: ['x', 'mean'], outputs: ['y'] },
    ],
    initializers: [int64('axes', 1n)],
  })
}
