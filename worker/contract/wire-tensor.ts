import { elementBytes, type DataType, type WireDataType } from './data-type.ts'
import { ServingError } from './errors.ts'
import { shownValue } from './shown-value.ts'
import { formatShape } from './tensor.ts'

/** What a request says of one of its tensors, apart from its data. */
export type WireTensor = {
  readonly name: string
  readonly datatype: WireDataType
  readonly shape: readonly number[]
  /** Where the data are, for messages: a JSON pointer such as `/inputs/0/data`, or what the protocol has instead. */
  readonly at: string
}

/** More dimensions than any graph has. */
const MAX_RANK = 32

/** What a tensor of this type is once it has arrived: BF16 is widened. */
export function dtypeOnArrival(datatype: WireDataType): DataType {
  return datatype === 'BF16' ? 'FP32' : datatype
}

/**
 * The sizes of a shape.
 *
 * @param at where it is, for example `/inputs/0/shape`
 * @throws ServingError `invalid_argument`
 */
export function shapeFrom(value: unknown, at: string): readonly number[] {
  if (!Array.isArray(value)) throw badTensor(`${at} is ${shownValue(value)}, expected a list of sizes`)
  if (value.length > MAX_RANK) {
    throw badTensor(`${at} has ${value.length} dimensions, at most ${MAX_RANK} are possible`)
  }
  for (const [index, size] of value.entries()) {
    if (typeof size === 'number' && Number.isSafeInteger(size) && size >= 0) continue
    throw badTensor(`${at}/${index} is ${shownValue(size)}, expected an integer from 0 to 2^53-1`)
  }
  return value as number[] // looked at above
}

/**
 * How many elements the shape means.
 *
 * @throws ServingError `invalid_argument` when their number or their bytes are beyond 2^53-1
 */
export function elementCountOf({ name, datatype, shape }: WireTensor): number {
  // A size of 0 makes it empty, however large the others are.
  if (shape.includes(0)) return 0
  let count = 1
  for (const size of shape) {
    count *= size
    // Of two integers up to 2^53, no rounding brings a product beyond 2^53 back below it.
    if (count * (elementBytes(datatype) ?? 1) > Number.MAX_SAFE_INTEGER) {
      throw badTensor(`input '${name}' has shape ${formatShape(shape)}: more bytes than can be counted`)
    }
  }
  return count
}

export function badTensor(message: string): ServingError {
  return new ServingError('invalid_argument', message, { reason: 'input' })
}
