import type { WireDataType } from '../../../worker/contract/data-type.ts'
import { FIXED32, FIXED64, LENGTH_DELIMITED, VARINT } from '../kernel/protobuf-wire.ts'

/* Where `tensorflow.TensorProto` has the elements of each data type. */

export type TensorList = {
  readonly datatype: WireDataType
  /** Name of the data type, and of the field. */
  readonly dt: string
  readonly field: string
  readonly number: number
  /** How an element is written when it stands alone; packed ones are length-delimited. */
  readonly wireType: number
}

const FLOATS = { field: 'float_val', number: 5, wireType: FIXED32 }
const DOUBLES = { field: 'double_val', number: 6, wireType: FIXED64 }
const INTEGERS = { field: 'int_val', number: 7, wireType: VARINT }
const STRINGS = { field: 'string_val', number: 8, wireType: LENGTH_DELIMITED }
const LONGS = { field: 'int64_val', number: 10, wireType: VARINT }
const BOOLEANS = { field: 'bool_val', number: 11, wireType: VARINT }
const HALVES = { field: 'half_val', number: 13, wireType: VARINT }
const UNSIGNED = { field: 'uint32_val', number: 16, wireType: VARINT }
const UNSIGNED_LONGS = { field: 'uint64_val', number: 17, wireType: VARINT }

/** By the number of `tensorflow.DataType`; others have no tensors in this runtime. */
export const LIST_OF = new Map<number, TensorList>([
  [1, { datatype: 'FP32', dt: 'DT_FLOAT', ...FLOATS }],
  [2, { datatype: 'FP64', dt: 'DT_DOUBLE', ...DOUBLES }],
  [3, { datatype: 'INT32', dt: 'DT_INT32', ...INTEGERS }],
  [4, { datatype: 'UINT8', dt: 'DT_UINT8', ...INTEGERS }],
  [5, { datatype: 'INT16', dt: 'DT_INT16', ...INTEGERS }],
  [6, { datatype: 'INT8', dt: 'DT_INT8', ...INTEGERS }],
  [7, { datatype: 'BYTES', dt: 'DT_STRING', ...STRINGS }],
  [9, { datatype: 'INT64', dt: 'DT_INT64', ...LONGS }],
  [10, { datatype: 'BOOL', dt: 'DT_BOOL', ...BOOLEANS }],
  [14, { datatype: 'BF16', dt: 'DT_BFLOAT16', ...HALVES }],
  [17, { datatype: 'UINT16', dt: 'DT_UINT16', ...INTEGERS }],
  [19, { datatype: 'FP16', dt: 'DT_HALF', ...HALVES }],
  [22, { datatype: 'UINT32', dt: 'DT_UINT32', ...UNSIGNED }],
  [23, { datatype: 'UINT64', dt: 'DT_UINT64', ...UNSIGNED_LONGS }],
])

/** All fields that hold elements, by number. */
export const FIELD_NAMES = new Map([...LIST_OF.values()].map(({ number, field }) => [number, field]))
