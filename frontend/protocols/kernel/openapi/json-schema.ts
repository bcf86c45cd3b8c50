import type { DataType } from '../../../../worker/contract/data-type.ts'
import { isVariable, type TensorMetadata } from '../../../../worker/contract/tensor.ts'

/** A JSON Schema of the 2020-12 dialect, which OpenAPI 3.1 speaks. */
export type JsonSchema = Readonly<Record<string, unknown>>

export const ANYTHING: JsonSchema = {}
export const BYTES: JsonSchema = { type: 'string', format: 'binary' }

/** JSON has no such numbers: they travel as texts. */
const SPECIAL_NUMBERS: JsonSchema = { type: 'string', enum: ['NaN', 'Infinity', '-Infinity'] }
const FLOAT: JsonSchema = { anyOf: [{ type: 'number' }, SPECIAL_NUMBERS] }
/** Beyond ±(2^53-1) a number would be rounded on its way. */
const BIG_INTEGER: JsonSchema = { anyOf: [{ type: 'integer' }, { type: 'string', pattern: '^-?[0-9]+$' }] }

const ELEMENT: Readonly<Record<DataType, JsonSchema>> = {
  BOOL: { type: 'boolean' },
  UINT8: { type: 'integer', minimum: 0, maximum: 255 },
  UINT16: { type: 'integer', minimum: 0, maximum: 65_535 },
  UINT32: { type: 'integer', minimum: 0, maximum: 4_294_967_295 },
  UINT64: BIG_INTEGER,
  INT8: { type: 'integer', minimum: -128, maximum: 127 },
  INT16: { type: 'integer', minimum: -32_768, maximum: 32_767 },
  INT32: { type: 'integer', minimum: -2_147_483_648, maximum: 2_147_483_647 },
  INT64: BIG_INTEGER,
  FP16: FLOAT,
  FP32: FLOAT,
  FP64: FLOAT,
  BYTES: { type: 'string' },
}

/** A tensor as nested arrays: its rows, or a single row without the dimension of the rows. */
export function schemaOfTensor({ dtype, shape, name }: TensorMetadata): JsonSchema {
  const rows = nested(dtype, shape)
  const description = `${dtype} of shape [${shape.join(', ')}]`
  if (shape.length === 0) return { title: name, description, ...rows }
  return { title: name, description, anyOf: [rows, nested(dtype, shape.slice(1))] }
}

function nested(dtype: DataType, [size, ...inner]: TensorMetadata['shape']): JsonSchema {
  if (size === undefined) return ELEMENT[dtype]
  const bounds = isVariable(size) ? {} : { minItems: size, maxItems: size }
  return { type: 'array', items: nested(dtype, inner), ...bounds }
}

/** An object with exactly these tensors. */
export function schemaOfTensors(tensors: readonly TensorMetadata[]): JsonSchema {
  return {
    type: 'object',
    properties: Object.fromEntries(tensors.map((tensor) => [tensor.name, schemaOfTensor(tensor)])),
    required: tensors.map(({ name }) => name),
    additionalProperties: false,
  }
}

/** An example larger than this hides the rest of the document. */
const MAX_EXAMPLE_ELEMENTS = 256

/** One row of each tensor; undefined where it would be too long to read. */
export function exampleOfTensors(tensors: readonly TensorMetadata[]): JsonSchema | undefined {
  const counts = tensors.map(({ shape }) => shape.reduce<number>((count, size) => count * sizeOf(size), 1))
  if (tensors.length === 0 || counts.some((count) => count > MAX_EXAMPLE_ELEMENTS)) return undefined
  return Object.fromEntries(tensors.map(({ name, dtype, shape }) => [name, exampleOf(dtype, shape)]))
}

function exampleOf(dtype: DataType, [size, ...inner]: TensorMetadata['shape']): unknown {
  if (size === undefined) return dtype === 'BYTES' ? 'text' : dtype === 'BOOL' ? true : 0
  return Array.from({ length: sizeOf(size) }, () => exampleOf(dtype, inner))
}

function sizeOf(dimension: number | string): number {
  return typeof dimension === 'string' || dimension === -1 ? 1 : dimension
}
