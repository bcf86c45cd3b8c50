import { ARRAY_OF, type DataType } from './data-type.ts'
import { float16FromNumber } from './float16.ts'
import { bucketKey } from './tensor-batch.ts'
import { elementCount, type Tensor, type TensorMetadata } from './tensor.ts'

/** How requests that differ in the size of variable dimensions share an engine call. */
export type Padding = {
  /** Sizes to which a dimension is padded, ascending, by the name that the graph gives the dimension. */
  readonly buckets: Readonly<Record<string, readonly number[]>>
  /** What fills up an input, by its name; absent: 0. Strings are filled up with empty ones. */
  readonly values?: Readonly<Record<string, number>> | undefined
}

/** The size to which a dimension is padded; beyond the largest bucket, its own. */
export function paddedSize(buckets: readonly number[], size: number): number {
  return buckets.find((bucket) => bucket >= size) ?? size
}

/** The shape of a tensor once it is padded: its rows stay as they are. */
export function paddedShape(
  shape: readonly number[],
  { shape: declared }: TensorMetadata,
  { buckets }: Padding,
): readonly number[] {
  return shape.map((size, axis) => {
    const symbol = declared[axis]
    const sizes = typeof symbol === 'string' && axis > 0 ? buckets[symbol] : undefined
    return sizes === undefined ? size : paddedSize(sizes, size)
  })
}

/** Equal for two requests exactly if their rows may be concatenated once they are padded. */
export function paddedKey(
  tensors: readonly Tensor[],
  inputs: readonly TensorMetadata[],
  padding: Padding,
): string {
  const shapes = tensors.map((tensor) => {
    const input = inputs.find(({ name }) => name === tensor.name)
    return input === undefined ? tensor : { ...tensor, shape: paddedShape(tensor.shape, input, padding) }
  })
  return bucketKey(shapes)
}

/** A tensor of another shape of the same rank: what is beyond it is cut, what it lacks is filled with `value`. */
export function reshaped(tensor: Tensor, shape: readonly number[], value = 0): Tensor {
  if (tensor.shape.every((size, axis) => size === shape[axis])) return tensor
  const { name, dtype } = tensor
  const length = elementCount(shape)
  if (tensor.dtype === 'BYTES') {
    const data = new Array<string>(length).fill('')
    forEachBlock(tensor.shape, shape, ({ from, to, count }) => {
      for (let i = 0; i < count; i++) data[to + i] = tensor.data[from + i] ?? ''
    })
    return { name, dtype: 'BYTES', shape, data }
  }
  const data = new ARRAY_OF[tensor.dtype](length)
  const fill = fillOf(tensor.dtype, value) ?? 0
  // An array is made of zeros. The fill is of the kind that the array of this dtype takes.
  if (fill !== 0) (data as { fill(value: number | bigint): unknown }).fill(fill)
  const source = tensor.data
  forEachBlock(tensor.shape, shape, ({ from, to, count }) => {
    data.set(source.subarray(from, from + count) as never, to) // of the same class
  })
  return { name, dtype, shape, data } as Tensor // data was made from dtype's own constructor
}

/** A value as the arrays of a dtype hold it; undefined when they cannot. */
export function fillOf(dtype: DataType, value: number): number | bigint | undefined {
  if (dtype === 'FP32' || dtype === 'FP64') return value
  if (dtype === 'FP16') return float16FromNumber(value)
  if (dtype === 'BYTES' || !Number.isSafeInteger(value) || (dtype === 'BOOL' && value > 1)) return undefined
  if (dtype === 'INT64') return BigInt(value)
  if (dtype === 'UINT64') return value < 0 ? undefined : BigInt(value)
  const held = new ARRAY_OF[dtype](1)
  held[0] = value
  return held[0] === value ? value : undefined
}

type Block = { readonly from: number; readonly to: number; readonly count: number }

/** Every run of elements that lies in one piece in both shapes, and is in both. */
function forEachBlock(from: readonly number[], to: readonly number[], take: (block: Block) => void): void {
  const last = from.findLastIndex((size, axis) => size !== to[axis])
  const inner = elementCount(from.slice(last + 1))
  const common = from.slice(0, last + 1).map((size, axis) => Math.min(size, to[axis] ?? 0))
  const count = (common[last] ?? 0) * inner
  if (elementCount(common) === 0 || count === 0) return
  const visit = (axis: number, fromAt: number, toAt: number): void => {
    if (axis === last) {
      take({ from: fromAt * (from[last] ?? 0) * inner, to: toAt * (to[last] ?? 0) * inner, count })
      return
    }
    for (let i = 0; i < (common[axis] ?? 0); i++) {
      visit(axis + 1, fromAt * (from[axis] ?? 0) + i, toAt * (to[axis] ?? 0) + i)
    }
  }
  visit(0, 0, 0)
}
