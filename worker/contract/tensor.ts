import type { DataType, TensorDataByType } from './data-type.ts'

/**
 * A named, dense, row-major tensor. Dimension 0 is the rows.
 *
 * `data.length` equals the product of `shape`; a scalar has shape `[]` and one element. A tensor given to a
 * worker may be sent from where it lies: its buffer must not change any more.
 */
export type TensorOf<D extends DataType> = {
  readonly name: string
  readonly dtype: D
  readonly shape: readonly number[]
  readonly data: TensorDataByType[D]
}

export type Tensor = { [D in DataType]: TensorOf<D> }[DataType]

/**
 * What a graph says about one of its inputs or outputs.
 *
 * A dimension is its size, the name of a symbolic dimension (`"batch"`), or -1 when it is variable and unnamed.
 */
export type TensorMetadata = {
  readonly name: string
  readonly dtype: DataType
  readonly shape: readonly (number | string)[]
  /** Whether a graph declares `[]` as its shape; else `[]` says that it declares none, and any is taken. */
  readonly isScalar?: boolean
  /** Whether a request may leave it out; of inputs that a handler declares only. */
  readonly optional?: boolean
}

/** Number of elements of a shape; 1 for a scalar. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, dimension) => product * dimension, 1)
}

/** A dimension that may take any size: symbolic or unnamed. */
export function isVariable(dimension: number | string | undefined): boolean {
  return typeof dimension === 'string' || dimension === -1
}

/** Shape as people write it: `[-1,3,224,224]`, symbolic names kept. */
export function formatShape(shape: readonly (number | string)[]): string {
  return `[${shape.join(',')}]`
}
