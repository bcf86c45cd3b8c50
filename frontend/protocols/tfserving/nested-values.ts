import { isUtf8 } from 'node:buffer'
import { ARRAY_OF } from '../../../worker/contract/data-type.ts'
import { EXPECTED_ELEMENT, writeElements } from '../../../worker/contract/element-from-json.ts'
import { shownValue } from '../../../worker/contract/shown-value.ts'
import type { Tensor } from '../../../worker/contract/tensor.ts'
import { badRequest } from './errors.ts'
import type { SignatureTensor } from './signatures.ts'

/*
 * Tensors from nested JSON lists. The shape is exactly the nesting: nothing is added to it and nothing is guessed.
 */

/** Deeper than any tensor: such nesting is an attack on the stack. */
const MAX_RANK = 32

export type NestedValue = {
  readonly input: SignatureTensor
  readonly value: unknown
  /** The JSON pointer of what the indexes lead to. */
  readonly pointer: (indexes: readonly number[]) => string
}

/** @throws ServingError `invalid_argument` with the JSON pointer of the offending value */
export function tensorFromNested(nested: NestedValue): Tensor {
  const shape = shapeOf(nested)
  // Only what is there is counted: a ragged list may claim far more elements than it has.
  const rows = rowsOf(nested, shape)
  const count = rows.reduce((sum, { row }) => sum + row.length, 0)
  const { name, dtype } = nested.input.tensor
  const data = dtype === 'BYTES' ? new Array<string>(count) : new ARRAY_OF[dtype](count)
  const tensor = { name, dtype, shape, data } as Tensor // data was made for dtype
  let at = 0
  for (const place of rows) {
    const row = dtype === 'BYTES' ? textsOf(nested, place) : place.row
    const bad = writeElements(tensor, { row, at, takesInfinity: true })
    if (bad !== -1) throw badElement(nested, elementPath(place, bad), row[bad])
    at += row.length
  }
  return tensor
}

/** An innermost list, and the indexes that lead to it; undefined for a scalar, which is in a list of its own. */
type Place = { readonly row: readonly unknown[]; readonly indexes: readonly number[] | undefined }

function elementPath({ indexes }: Place, index: number): readonly number[] {
  return indexes === undefined ? [] : [...indexes, index]
}

/** The shape by the first element at each depth. */
function shapeOf({ value, pointer }: NestedValue): number[] {
  const shape: number[] = []
  for (let level = value; Array.isArray(level); level = level[0] as unknown) {
    if (shape.length === MAX_RANK) throw badRequest(`${pointer([])} is nested deeper than ${MAX_RANK} lists`)
    shape.push(level.length)
  }
  return shape
}

/** Every list has the length of its siblings, and all elements are equally deep. */
function rowsOf(nested: NestedValue, shape: readonly number[]): Place[] {
  const { value, pointer } = nested
  if (!Array.isArray(value)) return [{ row: [value], indexes: undefined }]
  const rows: Place[] = []
  const visit = (list: readonly unknown[], indexes: readonly number[]): void => {
    const depth = indexes.length + 1
    if (depth === shape.length) {
      rows.push({ row: list, indexes })
      return
    }
    for (const [index, each] of list.entries()) {
      const here = [...indexes, index]
      if (!Array.isArray(each)) {
        throw badRequest(
          `${pointer(here)} is ${shownValue(each)}, expected a list as ${pointer([...indexes, 0])} is`,
        )
      }
      if (each.length !== shape[depth])
        throw raggedList(nested, here, { has: each.length, expected: shape[depth] ?? 0 })
      visit(each, here)
    }
  }
  visit(value, [])
  return rows
}

function raggedList(
  { pointer }: NestedValue,
  indexes: readonly number[],
  { has, expected }: { readonly has: number; readonly expected: number },
): Error {
  const sibling = pointer([...indexes.slice(0, -1), 0])
  return badRequest(
    `${pointer(indexes)} has ${has} elements, but ${sibling} has ${expected}: unexpected size of a list`,
  )
}

/** Strings as they are, `{"b64": "…"}` as the text that it encodes. */
function textsOf(nested: NestedValue, place: Place): readonly unknown[] {
  const { row } = place
  if (!row.some((value) => typeof value === 'object')) return row
  return row.map((value, index) =>
    isBase64(value) ? textOf(nested, value.b64, elementPath(place, index)) : value,
  )
}

/** An object with this one key is a value, never a named input. */
export function isBase64(value: unknown): value is { readonly b64: string } {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.keys(value).length === 1 &&
    'b64' in value &&
    typeof value.b64 === 'string'
  )
}

const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/

/** @throws ServingError `invalid_argument` for what is not Base64; `at` is its JSON pointer */
export function bytesFromBase64(text: string, at: string): Buffer {
  if (BASE64.test(text)) return Buffer.from(text, 'base64')
  throw badRequest(`${at} is not Base64`)
}

function textOf({ pointer }: NestedValue, base64: string, indexes: readonly number[]): string {
  const bytes = bytesFromBase64(base64, `${pointer(indexes)}/b64`)
  if (isUtf8(bytes)) return bytes.toString()
  throw badRequest(
    `${pointer(indexes)}/b64 does not encode UTF-8 text, and the strings of this runtime are text; a model that takes bytes has an input of UINT8`,
  )
}

function badElement({ input, pointer }: NestedValue, indexes: readonly number[], value: unknown): Error {
  const { alias, tensor } = input
  const { dtype } = tensor
  const hint = dtype === 'BYTES' ? ` or {"b64": "…"}` : ''
  return badRequest(
    `input '${alias}' has ${shownValue(value)} at ${pointer(indexes)}, ${dtype} expects ${EXPECTED_ELEMENT[dtype]}${hint}`,
  )
}
