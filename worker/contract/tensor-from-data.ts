import { ARRAY_OF } from './data-type.ts'
import { EXPECTED_ELEMENT, writeBrainFloats, writeElements, type RowTarget } from './element-from-json.ts'
import type { ServingError } from './errors.ts'
import { shownValue } from './shown-value.ts'
import { formatShape, type Tensor } from './tensor.ts'
import { badTensor, elementCountOf, type WireTensor } from './wire-tensor.ts'

/** Deeper than any tensor: such nesting is an attack on the stack. */
const MAX_DEPTH = 100

/**
 * Makes a tensor of declared type and shape from a JSON list of its elements, flat or nested in any way.
 *
 * Elements are in row-major order. Only their number is compared with the shape, as Triton does. Nothing is
 * allocated before the list is known to have them.
 *
 * @throws ServingError `invalid_argument` naming the input, the JSON pointer of the value, and what is expected.
 */
export function tensorFromData(wire: WireTensor, data: unknown): Tensor {
  const expected = elementCountOf(wire)
  const rows = rowsOf(wire, data)
  const count = rows.reduce((sum, row) => sum + row.length, 0)
  if (count !== expected) {
    const { name, at, shape } = wire
    throw badTensor(
      `input '${name}' has ${count} elements at ${at}, its shape ${formatShape(shape)} needs ${expected}`,
    )
  }
  return filled({ wire, data, rows, count })
}

type Given = {
  readonly wire: WireTensor
  readonly data: unknown
  readonly rows: readonly (readonly unknown[])[]
  readonly count: number
}

function filled(given: Given): Tensor {
  const { name, datatype, shape } = given.wire
  if (datatype === 'BF16') {
    const bits = new Uint32Array(given.count)
    fill(given, (target) => writeBrainFloats(bits, target))
    return { name, dtype: 'FP32', shape, data: new Float32Array(bits.buffer) }
  }
  const data = datatype === 'BYTES' ? new Array<string>(given.count) : new ARRAY_OF[datatype](given.count)
  const tensor = { name, dtype: datatype, shape, data } as Tensor // data was made for its type
  fill(given, (target) => writeElements(tensor, target))
  return tensor
}

function fill(given: Given, write: (target: RowTarget) => number): void {
  let at = 0
  for (const row of given.rows) {
    const bad = write({ row, at, takesInfinity: true })
    if (bad !== -1) throw badElement(given, { list: row, index: bad })
    at += row.length
  }
}

/** The innermost lists, in order. */
function rowsOf(wire: WireTensor, data: unknown): (readonly unknown[])[] {
  if (!Array.isArray(data)) {
    throw badTensor(
      `input '${wire.name}' has ${shownValue(data)} at ${wire.at}, expected a list of its elements`,
    )
  }
  const rows: (readonly unknown[])[] = []
  const visit = (list: readonly unknown[], depth: number): void => {
    if (depth > MAX_DEPTH) throw badTensor(`${wire.at} is nested deeper than ${MAX_DEPTH} lists`)
    if (!Array.isArray(list[0])) {
      rows.push(list)
      return
    }
    for (let index = 0; index < list.length; index++) {
      const each = list[index]
      if (!Array.isArray(each)) throw mixedList(wire, data, { list, index })
      visit(each, depth + 1)
    }
  }
  visit(data, 1)
  return rows
}

type Place = { readonly list: readonly unknown[]; readonly index: number }

function mixedList(wire: WireTensor, data: readonly unknown[], place: Place): ServingError {
  const found = shownValue(place.list[place.index])
  return badTensor(
    `input '${wire.name}' has ${found} at ${pointer(wire, data, place)}, expected a list as its siblings are`,
  )
}

function badElement({ wire, data }: Given, place: Place): ServingError {
  const found = shownValue(place.list[place.index])
  const at = pointer(wire, data, place)
  const expected = EXPECTED_ELEMENT[wire.datatype]
  return badTensor(`input '${wire.name}' has ${found} at ${at}, ${wire.datatype} expects ${expected}`)
}

function pointer({ at }: WireTensor, data: unknown, { list, index }: Place): string {
  return [at, ...(pathOf(data, list) ?? []), index].join('/')
}

/** Indexes that lead to a list; looked for in a refused request only. */
function pathOf(data: unknown, list: readonly unknown[]): number[] | undefined {
  if (data === list) return []
  if (!Array.isArray(data)) return undefined
  for (const [index, each] of data.entries()) {
    const deeper = pathOf(each, list)
    if (deeper !== undefined) return [index, ...deeper]
  }
  return undefined
}
