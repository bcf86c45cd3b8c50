import type { DataType, TensorDataByType } from '../worker/contract/data-type.ts'

export type { DataType }

/**
 * What a model says of one of its tensors. A dimension is its size, the name of a variable one (`'batch'`), or -1 when
 * it is variable and has no name.
 */
export type TensorSchema = {
  readonly dtype: DataType
  readonly shape: readonly (number | string)[]
}

export type TensorSchemas = Readonly<Record<string, TensorSchema>>

/** A model as its clients see it. `onnxserve client-types` writes one for a model. */
export type ModelSchema = {
  readonly name: string
  /** Absent: the default version, whichever that is when a request arrives. */
  readonly version?: string
  readonly inputs: TensorSchemas
  readonly outputs: TensorSchemas
}

/** Keeps the names, dtypes and shapes of a schema as types. */
export function modelSchema<const S extends ModelSchema>(schema: S): S {
  return schema
}

/**
 * The array that holds the elements of each dtype, as on the server: `BOOL` is one byte per element, `FP16` the bits
 * of half precision, `BYTES` strings.
 */
export type DataOf<D extends DataType> = TensorDataByType[D]

/** One element as a JavaScript value. */
export type ElementOf<D extends DataType> = D extends 'BYTES'
  ? string
  : D extends 'BOOL'
    ? boolean
    : D extends 'INT64' | 'UINT64'
      ? bigint | number
      : number

type Nested<T> = T | readonly Nested<T>[]

/** Arrays as deep as the shape has dimensions. */
export type NestedOf<Shape extends readonly unknown[], T> = number extends Shape['length']
  ? Nested<T>
  : Shape extends readonly [unknown, ...infer Rest]
    ? readonly NestedOf<Rest, T>[]
    : T

/** A tensor that is sent: nested arrays, or flat row-major data with their shape. */
export type InputOf<S extends TensorSchema> =
  | NestedOf<S['shape'], ElementOf<S['dtype']>>
  | {
      readonly shape: readonly number[]
      readonly data: DataOf<S['dtype']> | readonly ElementOf<S['dtype']>[]
    }

export type InputsOf<S extends ModelSchema> = {
  readonly [Name in keyof S['inputs']]: InputOf<S['inputs'][Name]>
}

/** A tensor that came back; `data` is flat and row-major. */
export type OutputTensor<D extends DataType = DataType> = {
  readonly dtype: D
  readonly shape: readonly number[]
  readonly data: DataOf<D>
}

export type OutputName<S extends ModelSchema> = keyof S['outputs'] & string

export type OutputsOf<S extends ModelSchema, Name extends OutputName<S> = OutputName<S>> = {
  readonly [N in Name]: OutputTensor<S['outputs'][N]['dtype']>
}
