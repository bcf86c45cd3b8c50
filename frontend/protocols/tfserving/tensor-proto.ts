import { isUtf8 } from 'node:buffer'
import { elementBytes } from '../../../worker/contract/data-type.ts'
import type { Tensor } from '../../../worker/contract/tensor.ts'
import { formatShape } from '../../../worker/contract/tensor.ts'
import { tensorFromBytes } from '../../../worker/contract/tensor-from-bytes.ts'
import { textOf } from '../../../worker/contract/text.ts'
import {
  badTensor,
  dtypeOnArrival,
  elementCountOf,
  shapeFrom,
  type WireTensor,
} from '../../../worker/contract/wire-tensor.ts'
import { eachField, LENGTH_DELIMITED, VARINT, Varints } from '../kernel/protobuf-wire.ts'
import { countElements, dataOf, lastTextBytes } from './tensor-elements.ts'
import { LIST_OF, type TensorList } from './tensor-lists.ts'

/*
 * `tensorflow.TensorProto` from its bytes. The elements are raw in `tensor_content`, which counts where it is set, or
 * in the typed list of their data type.
 */

export type ProtoSource = {
  /** Of the input, for messages. */
  readonly name: string
  /** Where the message is: `inputs/x`. */
  readonly at: string
  /** The most memory that a list may be filled up to. */
  readonly maxBytes: number
}

export type ProtoTensor = { readonly tensor: Tensor; readonly isRaw: boolean }

/** @throws ServingError `invalid_argument` naming the input, the field, and what is expected */
export function tensorFromProto(source: ProtoSource, bytes: Uint8Array): ProtoTensor {
  const { name, at } = source
  const head = headOf(bytes)
  if (head === undefined) throw badTensor(`${at} is not a TensorProto of protobuf`)
  const list = LIST_OF.get(head.dtype)
  if (list === undefined) {
    throw badTensor(
      `input '${name}' has the data type ${head.dtype} at ${at}/dtype, of which there are no tensors here`,
    )
  }
  if (head.hasUnknownRank)
    throw badTensor(`input '${name}' has no rank at ${at}/tensor_shape, a tensor needs one`)
  const wire = { name, datatype: list.datatype, shape: shapeFrom(head.shape, `${at}/tensor_shape/dim`) }
  const { content } = head
  if (content === undefined)
    return { tensor: listed(source, { wire: { ...wire, at }, list, bytes }), isRaw: false }
  const raw = { ...wire, at: `${at}/tensor_content` }
  return {
    tensor: list.datatype === 'BYTES' ? textTensor(raw, content) : tensorFromBytes(raw, content),
    isRaw: true,
  }
}

type Head = {
  dtype: number
  readonly shape: number[]
  hasUnknownRank: boolean
  /** Absent where it is empty. */
  content: Uint8Array | undefined
}

const DTYPE = 1
const SHAPE = 2
const CONTENT = 4

function headOf(bytes: Uint8Array): Head | undefined {
  const head: Head = { dtype: 0, shape: [], hasUnknownRank: false, content: undefined }
  const isMessage = eachField(bytes, ({ number, type, value }) => {
    if (number === DTYPE) {
      head.dtype = numberOf(value)
      return type === VARINT
    }
    if (number === SHAPE) return type === LENGTH_DELIMITED && readShape(head, value)
    if (number !== CONTENT) return true
    head.content = value.byteLength === 0 ? undefined : value
    return type === LENGTH_DELIMITED
  })
  return isMessage ? head : undefined
}

const DIM = 2
const UNKNOWN_RANK = 3
const DIM_SIZE = 1

/** More than {@link shapeFrom} lets pass; the others are not even kept. */
const MAX_DIMENSIONS = 64

function readShape(head: Head, bytes: Uint8Array): boolean {
  return eachField(bytes, ({ number, type, value }) => {
    if (number === UNKNOWN_RANK) head.hasUnknownRank = numberOf(value) !== 0
    if (number !== DIM) return true
    let size = 0
    const isMessage = eachField(value, (field) => {
      if (field.number === DIM_SIZE) size = numberOf(field.value)
      return true
    })
    if (head.shape.length < MAX_DIMENSIONS) head.shape.push(size)
    return isMessage && type === LENGTH_DELIMITED
  })
}

/** A varint as a signed integer; beyond 2^53 not to the last digit, which no size needs. */
function numberOf(varint: Uint8Array): number {
  const varints = new Varints(varint)
  varints.next()
  return (varints.high | 0) * 2 ** 32 + varints.low
}

type Listed = { readonly wire: WireTensor; readonly list: TensorList; readonly bytes: Uint8Array }

/** What a text costs beside its characters. */
const TEXT_BYTES = 8

/** Nothing is allocated before the list is known to be worth it. */
function listed({ maxBytes }: ProtoSource, { wire, list, bytes }: Listed): Tensor {
  const { name, datatype, shape, at } = wire
  const expected = elementCountOf(wire)
  const counts = countElements(bytes, list)
  if (counts === undefined) throw badTensor(`${at}/${list.field} is cut, or no list of ${list.dt}`)
  const count = counts.get(list.field) ?? 0
  const [other] = [...counts.keys()].filter((field) => field !== list.field)
  if (count === 0 && other !== undefined) {
    throw badTensor(`input '${name}' has ${at}/${other}, ${list.dt} belongs in ${list.field}`)
  }
  if (count > expected) {
    throw badTensor(
      `input '${name}' has ${count} elements at ${at}/${list.field}, its shape ${formatShape(shape)} needs ${expected}`,
    )
  }
  // The last text is repeated, whatever its length, on the way to the worker at the latest.
  const neededBytes = expected * (elementBytes(datatype) ?? TEXT_BYTES + lastTextBytes(bytes, list))
  if (count < expected && neededBytes > maxBytes) {
    throw badTensor(
      `input '${name}' has ${count} elements at ${at}/${list.field}; its shape ${formatShape(shape)} would need ${neededBytes} bytes, at most ${maxBytes} are possible`,
    )
  }
  const data = dataOf({ wire: { ...wire, at: `${at}/${list.field}` }, list, bytes, count, expected })
  return { name, dtype: dtypeOnArrival(datatype), shape, data } as Tensor // the elements of its type
}

/** Strings in raw form: all their lengths as varints, then their bytes. */
function textTensor(wire: WireTensor, content: Uint8Array): Tensor {
  const { name, shape, at } = wire
  const count = elementCountOf(wire)
  const broken = () =>
    badTensor(`${at} of input '${name}' does not hold ${count} UTF-8 strings behind their lengths`)
  if (count > content.byteLength) throw broken()
  const varints = new Varints(content)
  const lengths: number[] = []
  while (lengths.length < count) {
    if (!varints.next() || varints.high !== 0) throw broken()
    lengths.push(varints.low)
  }
  const data = lengths.map((length) => {
    const bytes = varints.taken(length)
    if (bytes === undefined || !isUtf8(bytes)) throw broken()
    return textOf(bytes)
  })
  if (!varints.isAtEnd) throw broken()
  return { name, dtype: 'BYTES', shape, data }
}
