import { eachField, FIXED32, FIXED64, LENGTH_DELIMITED, VARINT, varintsIn } from '../kernel/protobuf-wire.ts'

/* The fields of `InferTensorContents`, read from the bytes of the message. */

/** By their numbers, from 1 on. */
const FIELDS = [
  'bool_contents',
  'int_contents',
  'int64_contents',
  'uint_contents',
  'uint64_contents',
  'fp32_contents',
  'fp64_contents',
  'bytes_contents',
] as const

export type ContentsField = (typeof FIELDS)[number]

/** How an element of each field is written when it stands alone; packed ones are length-delimited. */
const ALONE: Readonly<Record<ContentsField, number>> = {
  bool_contents: VARINT,
  int_contents: VARINT,
  int64_contents: VARINT,
  uint_contents: VARINT,
  uint64_contents: VARINT,
  fp32_contents: FIXED32,
  fp64_contents: FIXED64,
  bytes_contents: LENGTH_DELIMITED,
}

/**
 * Calls `visit` for each run of elements in their order: a packed run, an element that stands alone, or one of
 * `bytes_contents`. Fields that the message does not know are skipped.
 *
 * @returns false when the bytes are no such message; runs before the fault have been visited then
 */
export function eachRun(bytes: Uint8Array, visit: (field: ContentsField, run: Uint8Array) => void): boolean {
  return eachField(bytes, ({ number, type, value }) => {
    const field = FIELDS[number - 1]
    if (field === undefined) return true
    if (type !== LENGTH_DELIMITED && type !== ALONE[field]) return false
    visit(field, value)
    return true
  })
}

/**
 * How many elements each field has; a field without elements is left out.
 *
 * @returns undefined when the bytes are no `InferTensorContents`
 */
export function countElements(bytes: Uint8Array): Map<ContentsField, number> | undefined {
  const counts = new Map<ContentsField, number>()
  let isWhole = true
  const isMessage = eachRun(bytes, (field, run) => {
    const count = elementsIn(field, run)
    isWhole &&= Number.isInteger(count)
    if (count > 0) counts.set(field, (counts.get(field) ?? 0) + count)
  })
  return isMessage && isWhole ? counts : undefined
}

/** No integer when the last element of the run is cut. */
function elementsIn(field: ContentsField, run: Uint8Array): number {
  switch (ALONE[field]) {
    case LENGTH_DELIMITED:
      return 1
    case FIXED32:
      return run.byteLength / 4
    case FIXED64:
      return run.byteLength / 8
    default:
      return varintsIn(run)
  }
}
