import { isUtf8 } from 'node:buffer'
import { ARRAY_OF } from '../../../worker/contract/data-type.ts'
import { EXPECTED_ELEMENT } from '../../../worker/contract/element-from-json.ts'
import { numericView } from '../../../worker/contract/numeric-view.ts'
import type { Tensor } from '../../../worker/contract/tensor.ts'
import { textOf } from '../../../worker/contract/text.ts'
import { badTensor, type WireTensor } from '../../../worker/contract/wire-tensor.ts'
import { eachField, FIXED32, FIXED64, LENGTH_DELIMITED, Varints, varintsIn } from '../kernel/protobuf-wire.ts'
import { FIELD_NAMES, type TensorList } from './tensor-lists.ts'

/*
 * The elements of a typed list of `tensorflow.TensorProto`, packed or one by one. Of fewer elements than the shape
 * has, the last one is repeated; none at all are zeros.
 */

export type Elements = {
  readonly wire: WireTensor
  readonly list: TensorList
  /** Of a `TensorProto`. */
  readonly bytes: Uint8Array
  /** How many the list has, and how many the shape needs; the first is no larger. */
  readonly count: number
  readonly expected: number
}

/** How many elements each typed list has; undefined when the bytes are no `TensorProto`. */
export function countElements(bytes: Uint8Array, list: TensorList): Map<string, number> | undefined {
  const counts = new Map<string, number>()
  const isMessage = eachField(bytes, ({ number, type, value }) => {
    const field = FIELD_NAMES.get(number)
    if (field === undefined) return true
    if (number === list.number && type !== LENGTH_DELIMITED && type !== list.wireType) return false
    const count = number === list.number ? elementsIn(list, value) : Math.min(1, value.byteLength)
    if (count > 0) counts.set(field, (counts.get(field) ?? 0) + count)
    return Number.isInteger(count)
  })
  return isMessage ? counts : undefined
}

/** What the last element of a list of texts weighs; 0 of an empty list. */
export function lastTextBytes(bytes: Uint8Array, list: TensorList): number {
  let last = 0
  eachField(bytes, ({ number, value }) => {
    if (number === list.number) last = value.byteLength
    return true
  })
  return last
}

/** No integer when the last element of the run is cut. */
function elementsIn({ wireType }: TensorList, run: Uint8Array): number {
  if (wireType === LENGTH_DELIMITED) return 1
  if (wireType === FIXED32) return run.byteLength / 4
  return wireType === FIXED64 ? run.byteLength / 8 : varintsIn(run)
}

/** @throws ServingError `invalid_argument` naming the place of what the data type does not hold */
export function dataOf(elements: Elements): Tensor['data'] {
  switch (elements.wire.datatype) {
    case 'BYTES':
      return texts(elements)
    case 'FP32':
    case 'FP64':
      return floats(elements, elements.wire.datatype)
    case 'INT64':
    case 'UINT64':
      return longs(elements, elements.wire.datatype)
    case 'FP16':
      return halves(elements, new Uint16Array(elements.expected), (bits) => bits)
    case 'BF16': {
      const wide = halves(elements, new Uint32Array(elements.expected), (bits) => bits << 16)
      return new Float32Array(wide.buffer)
    }
    default:
      return integers(elements, elements.wire.datatype)
  }
}

function eachRun({ bytes, list }: Elements, visit: (run: Uint8Array) => void): void {
  eachField(bytes, ({ number, value }) => {
    if (number === list.number) visit(value)
    return true
  })
}

/** One whole packed run is a view of the message where it is aligned. */
function floats(elements: Elements, dtype: 'FP32' | 'FP64'): Tensor['data'] {
  const { count, expected } = elements
  const byteLength = expected * ARRAY_OF[dtype].BYTES_PER_ELEMENT
  let bytes: Uint8Array | undefined
  let at = 0
  eachRun(elements, (run) => {
    if (run.byteLength === byteLength) bytes = run
    else {
      bytes ??= new Uint8Array(byteLength)
      bytes.set(run, at)
      at += run.byteLength
    }
  })
  return filled(numericView(dtype, bytes ?? new Uint8Array(byteLength)), count)
}

function texts(elements: Elements): string[] {
  const { wire, expected } = elements
  const { name, at } = wire
  const found: string[] = []
  eachRun(elements, (run) => {
    if (!isUtf8(run)) {
      throw badTensor(
        `input '${name}' has bytes that are no UTF-8 text at ${at}/${found.length}, and the strings of this runtime are text`,
      )
    }
    found.push(textOf(run))
  })
  const last = found.at(-1) ?? ''
  while (found.length < expected) found.push(last)
  return found
}

/** Written as halves: no `bigint` is made. */
function longs(elements: Elements, dtype: 'INT64' | 'UINT64'): Tensor['data'] {
  const data = new ARRAY_OF[dtype](elements.expected)
  const halves32 = new Uint32Array(data.buffer)
  let at = 0
  eachVarint(elements, ({ low, high }) => {
    halves32[at++] = low
    halves32[at++] = high
  })
  const last = data[elements.count - 1]
  if (last !== undefined) (data as BigInt64Array).fill(last, elements.count) // either fills with its own element
  return data
}

function halves<A extends Uint16Array | Uint32Array>(
  elements: Elements,
  data: A,
  bitsOf: (bits: number) => number,
): A {
  let index = 0
  eachVarint(elements, ({ low }) => {
    data[index++] = bitsOf(low & 0xffff)
  })
  return filled(data, elements.count)
}

type SmallInteger = 'BOOL' | 'INT8' | 'INT16' | 'INT32' | 'UINT8' | 'UINT16' | 'UINT32'

function integers(elements: Elements, dtype: SmallInteger): Tensor['data'] {
  const { wire, count, expected } = elements
  const data = new ARRAY_OF[dtype](expected)
  let index = 0
  eachVarint(elements, ({ low, high }) => {
    const value = dtype === 'BOOL' ? Number((low | high) !== 0) : dtype === 'UINT32' ? low : low | 0
    data[index] = value
    // The array wraps: only what comes back unchanged was in range.
    if (data[index] !== value) {
      const { name, at } = wire
      throw badTensor(
        `input '${name}' has ${value} at ${at}/${index}, ${dtype} expects ${EXPECTED_ELEMENT[dtype]}`,
      )
    }
    index++
  })
  return filled(data, count)
}

function eachVarint(elements: Elements, visit: (varint: Varints) => void): void {
  eachRun(elements, (run) => {
    for (const varints = new Varints(run); varints.next();) visit(varints)
  })
}

type NumberArray = Exclude<Tensor['data'], readonly string[] | BigInt64Array | BigUint64Array>

function filled<A extends NumberArray>(data: A, count: number): A {
  const last = data[count - 1]
  if (last !== undefined) data.fill(last, count)
  return data
}
