import { ARRAY_OF } from './data-type.ts'
import { elementCount, type Tensor } from './tensor.ts'

/*
 * Rows of several requests in one engine call: pure functions over tensors whose dimension 0 is the rows.
 * `members` are requests' tensors; each member lists the same names in the same order.
 */

/** The rows that all tensors share; undefined when they differ, or one of them is a scalar. */
export function rowCount(tensors: readonly Tensor[]): number | undefined {
  const rows = tensors[0]?.shape[0]
  return tensors.every((tensor) => tensor.shape[0] === rows) ? rows : undefined
}

/** Equal for two requests exactly if their rows may be concatenated: same names, types, and shapes beyond the rows. */
export function bucketKey(tensors: readonly Tensor[]): string {
  let key = ''
  for (const { name, dtype, shape } of tensors) key += `${name}:${dtype}:${shape.slice(1).join('x')};`
  return key
}

/** Whether two requests have the same {@link bucketKey}. */
export function isSameBucket(tensors: readonly Tensor[], others: readonly Tensor[]): boolean {
  if (tensors.length !== others.length) return false
  for (const [index, { name, dtype, shape }] of tensors.entries()) {
    const other = others[index]
    if (other === undefined || name !== other.name || dtype !== other.dtype) return false
    if (shape.length !== other.shape.length) return false
    for (let axis = 1; axis < shape.length; axis++) if (shape[axis] !== other.shape[axis]) return false
  }
  return true
}

/** All members' rows, in order. A single member is handed back as it is, not copied. */
export function concatenate(members: readonly (readonly Tensor[])[]): readonly Tensor[] {
  const [first = []] = members
  if (members.length === 1) return first
  return first.map((tensor, index) =>
    concatenateTensors(
      tensor,
      members.map((member) => member[index] ?? tensor),
    ),
  )
}

/** Cuts tensors into members of so many rows each. The pieces are views of the tensors' memory. */
export function split(
  tensors: readonly Tensor[],
  rowsOfMembers: readonly number[],
): readonly (readonly Tensor[])[] {
  const rests = tensors.map(({ shape }) => shape.slice(1))
  let start = 0
  return rowsOfMembers.map((rows) => {
    const member = tensors.map((tensor, index) => pieceOf(tensor, rests[index] ?? [], { start, rows }))
    start += rows
    return member
  })
}

/** `rows` rows from row `start` on, as a view of the tensor's memory. */
export function sliceRows(tensor: Tensor, start: number, rows: number): Tensor {
  return pieceOf(tensor, tensor.shape.slice(1), { start, rows })
}

type Rows = { readonly start: number; readonly rows: number }

/** @param rest the tensor's shape without its rows */
function pieceOf(tensor: Tensor, rest: readonly number[], { start, rows }: Rows): Tensor {
  const rowElements = elementCount(rest)
  const from = start * rowElements
  const to = from + rows * rowElements
  const { name, dtype } = tensor
  const data = tensor.dtype === 'BYTES' ? tensor.data.slice(from, to) : tensor.data.subarray(from, to)
  return { name, dtype, shape: [rows, ...rest], data } as Tensor // a piece of dtype's own array
}

function concatenateTensors(first: Tensor, tensors: readonly Tensor[]): Tensor {
  const { name, dtype } = first
  const rows = tensors.reduce((sum, tensor) => sum + (tensor.shape[0] ?? 0), 0)
  const shape = [rows, ...first.shape.slice(1)]
  if (dtype === 'BYTES') {
    // Members of one bucket have one dtype, so all data are strings here.
    return { name, dtype, shape, data: tensors.flatMap((tensor) => tensor.data as readonly string[]) }
  }
  const data = new ARRAY_OF[dtype](elementCount(shape))
  let at = 0
  for (const { data: piece } of tensors) {
    // Members of one bucket have one dtype, so all arrays are of one class.
    ;(data as Float32Array).set(piece as Float32Array, at)
    at += piece.length
  }
  return { name, dtype, shape, data } as Tensor // data was made from dtype's own constructor
}
