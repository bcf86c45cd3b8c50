import { isUtf8 } from 'node:buffer'
import { ARRAY_OF, type DataType } from '../../../worker/contract/data-type.ts'
import { EXPECTED_ELEMENT } from '../../../worker/contract/element-from-json.ts'
import type { ServingError } from '../../../worker/contract/errors.ts'
import { numericView } from '../../../worker/contract/numeric-view.ts'
import { formatShape, type Tensor } from '../../../worker/contract/tensor.ts'
import { textOf } from '../../../worker/contract/text.ts'
import { badTensor, elementCountOf, type WireTensor } from '../../../worker/contract/wire-tensor.ts'
import { Varints } from '../kernel/protobuf-wire.ts'
import { countElements, eachRun, type ContentsField } from './contents-fields.ts'

/*
 * `InferTensorContents`: the elements of a tensor in the field that its data type has. Read from the bytes of the
 * message, because protobuf.js would make an object of each 64-bit integer.
 */

/** FP16 and BF16 have none: they travel as raw bytes only. */
const FIELD_OF: Readonly<Partial<Record<WireTensor['datatype'], ContentsField>>> = {
  BOOL: 'bool_contents',
  INT8: 'int_contents',
  INT16: 'int_contents',
  INT32: 'int_contents',
  INT64: 'int64_contents',
  UINT8: 'uint_contents',
  UINT16: 'uint_contents',
  UINT32: 'uint_contents',
  UINT64: 'uint64_contents',
  FP32: 'fp32_contents',
  FP64: 'fp64_contents',
  BYTES: 'bytes_contents',
}

/**
 * Makes a tensor of declared type and shape from its typed contents.
 *
 * Nothing is allocated before the contents are known to have as many elements as the shape needs. Floats are views
 * of the message where they are aligned, else copied once.
 *
 * @param contents the bytes of an `InferTensorContents`
 * @throws ServingError `invalid_argument` naming the input, the field, and what is expected
 */
export function tensorFromContents(wire: WireTensor, contents: Uint8Array): Tensor {
  const expected = elementCountOf(wire)
  const { name, datatype, shape, at } = wire
  const field = FIELD_OF[datatype]
  if (field === undefined || datatype === 'BF16' || datatype === 'FP16') {
    throw badTensor(`input '${name}' is ${datatype}, which travels in raw_input_contents only, not at ${at}`)
  }
  const counts = countElements(contents)
  if (counts === undefined) throw badTensor(`${at} is not an InferTensorContents of protobuf`)
  for (const other of counts.keys()) {
    if (other !== field)
      throw badTensor(`input '${name}' has ${at}/${other}, ${datatype} belongs in ${field}`)
  }
  const count = counts.get(field) ?? 0
  const place = `${at}/${field}`
  if (count !== expected) {
    throw badTensor(
      `input '${name}' has ${count} elements at ${place}, its shape ${formatShape(shape)} needs ${expected}`,
    )
  }
  const elements = { wire: { ...wire, at: place }, contents, count }
  return { name, dtype: datatype, shape, data: dataOf(elements, datatype) } as Tensor // the elements of its type
}

type Elements = {
  readonly wire: WireTensor
  /** Known to be a message with elements in one field only. */
  readonly contents: Uint8Array
  readonly count: number
}

function dataOf(elements: Elements, dtype: Exclude<DataType, 'FP16'>): Tensor['data'] {
  switch (dtype) {
    case 'BYTES':
      return texts(elements)
    case 'FP32':
    case 'FP64':
      return numericView(dtype, joined(elements, ARRAY_OF[dtype].BYTES_PER_ELEMENT))
    case 'INT64':
    case 'UINT64':
      return bigIntegers(elements, dtype)
    default:
      return integers(elements, dtype)
  }
}

/** One packed run is a view of the message. */
function joined({ contents, count }: Elements, elementBytes: number): Uint8Array {
  const byteLength = count * elementBytes
  let bytes: Uint8Array | undefined
  let at = 0
  eachRun(contents, (_, run) => {
    if (run.byteLength === byteLength) bytes = run
    else {
      bytes ??= new Uint8Array(byteLength)
      bytes.set(run, at)
      at += run.byteLength
    }
  })
  return bytes ?? new Uint8Array()
}

function texts({ wire: { name, at }, contents }: Elements): string[] {
  const found: string[] = []
  eachRun(contents, (_, run) => {
    if (!isUtf8(run)) {
      throw badTensor(
        `input '${name}' has bytes that are not UTF-8 at ${at}/${found.length}, BYTES expects text`,
      )
    }
    found.push(textOf(run))
  })
  return found
}

/** Written as halves: no `bigint` is made. */
function bigIntegers({ contents, count }: Elements, dtype: 'INT64' | 'UINT64'): Tensor['data'] {
  const data = new ARRAY_OF[dtype](count)
  const halves = new Uint32Array(data.buffer)
  let at = 0
  eachRun(contents, (_, run) => {
    for (const varints = new Varints(run); varints.next(); at += 2) {
      halves[at] = varints.low
      halves[at + 1] = varints.high
    }
  })
  return data
}

type SmallInteger = 'BOOL' | 'INT8' | 'INT16' | 'INT32' | 'UINT8' | 'UINT16' | 'UINT32'

function integers({ wire, contents, count }: Elements, dtype: SmallInteger): Tensor['data'] {
  const data = new ARRAY_OF[dtype](count)
  const valueOf = READERS[dtype]
  let index = 0
  eachRun(contents, (_, run) => {
    for (const varints = new Varints(run); varints.next(); index++) {
      const value = valueOf(varints)
      data[index] = value
      // The array wraps: only what comes back unchanged was in range.
      if (data[index] !== value) throw outOfRange(wire, value, index)
    }
  })
  return data
}

/** As protobuf reads a varint of each type; it drops what is beyond 32 bits. */
const READERS: Readonly<Record<SmallInteger, (varint: Varints) => number>> = {
  BOOL: ({ low, high }) => (low === 0 && high === 0 ? 0 : 1),
  INT8: signed,
  INT16: signed,
  INT32: signed,
  UINT8: unsigned,
  UINT16: unsigned,
  UINT32: unsigned,
}

function signed({ low }: Varints): number {
  return low | 0
}

function unsigned({ low }: Varints): number {
  return low
}

function outOfRange({ name, datatype, at }: WireTensor, value: number, index: number): ServingError {
  return badTensor(
    `input '${name}' has ${value} at ${at}/${index}, ${datatype} expects ${EXPECTED_ELEMENT[datatype]}`,
  )
}
