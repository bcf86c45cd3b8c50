import { Tensor as OrtTensor, type InferenceSession } from 'onnxruntime-node'
import { ARRAY_OF, type DataType, type NumericDataType } from '../contract/data-type.ts'
import { ServingError } from '../contract/errors.ts'
import type { Tensor, TensorMetadata, TensorOf } from '../contract/tensor.ts'

/** Names of the data types in onnxruntime-node; the only place where they are spoken. */
const ORT_TYPE_OF = {
  BOOL: 'bool',
  UINT8: 'uint8',
  UINT16: 'uint16',
  UINT32: 'uint32',
  UINT64: 'uint64',
  INT8: 'int8',
  INT16: 'int16',
  INT32: 'int32',
  INT64: 'int64',
  FP16: 'float16',
  FP32: 'float32',
  FP64: 'float64',
  BYTES: 'string',
} as const satisfies Record<DataType, OrtTensor.Type>

const DATA_TYPE_OF = new Map<string, DataType>(
  Object.entries(ORT_TYPE_OF).map(([dtype, ortType]) => [ortType, dtype as DataType]), // keys of the table above
)

/** Feeds that share the tensors' memory: the engine reads them in place. */
export function feedsFromTensors(tensors: readonly Tensor[]): Record<string, OrtTensor> {
  const feeds: Record<string, OrtTensor> = {}
  for (const tensor of tensors) feeds[tensor.name] = ortTensor(tensor)
  return feeds
}

/** The outputs that `names` lists, in that order. They own their memory: the engine makes it anew for each run. */
export function tensorsFromFetches(
  fetches: InferenceSession.ReturnType,
  names: readonly string[],
): readonly Tensor[] {
  return names.map((name) => {
    const value = fetches[name]
    if (value === undefined) throw new ServingError('internal', `the graph gave no output '${name}'`)
    return tensorFromOrt(name, value)
  })
}

/**
 * What a graph says of its inputs or outputs, in our words.
 *
 * @throws ServingError `invalid_argument` for a sequence, map or optional, or an element type without an array here.
 */
export function metadataFromOrt(
  side: 'input' | 'output',
  values: readonly InferenceSession.ValueMetadata[],
): TensorMetadata[] {
  return values.map((value) => {
    if (!value.isTensor) {
      throw unsupportedModel(
        `${side} '${value.name}' is a sequence, map or optional; only tensors are served`,
      )
    }
    const dtype = DATA_TYPE_OF.get(value.type)
    if (dtype === undefined) {
      throw unsupportedModel(`${side} '${value.name}' has element type ${value.type}, which is not served`)
    }
    // An unnamed variable dimension arrives as an empty symbolic name.
    return {
      name: value.name,
      dtype,
      shape: value.shape.map((dimension) => (dimension === '' ? -1 : dimension)),
    }
  })
}

function ortTensor(tensor: Tensor): OrtTensor {
  if (tensor.dtype === 'BYTES') {
    if (tensor.data.some((text) => text.includes('\0'))) throw nulCharacter(tensor.name)
    return new OrtTensor('string', [...tensor.data], tensor.shape)
  }
  if (tensor.dtype === 'FP16') return halfPrecisionTensor(tensor)
  // The typings have no overload for a union of types.
  return new OrtTensor(ORT_TYPE_OF[tensor.dtype] as 'float32', tensor.data as Float32Array, tensor.shape)
}

/**
 * What the binding reads of a tensor, with the bits in a Uint16Array.
 *
 * Where `Float16Array` exists (Node.js 24), the constructor of onnxruntime-common 1.30.0 insists on one, and the
 * binding, built before that class, finds it empty: "not enough space: expected 4, got 0".
 */
function halfPrecisionTensor({ shape, data }: TensorOf<'FP16'>): OrtTensor {
  const parts: Pick<OrtTensor, 'type' | 'dims' | 'data' | 'location'> = {
    type: 'float16',
    dims: [...shape],
    data,
    location: 'cpu',
  }
  return parts as OrtTensor // no method of it is called
}

function tensorFromOrt(name: string, value: OrtTensor): Tensor {
  const dtype = DATA_TYPE_OF.get(value.type)
  if (dtype === undefined) {
    throw new ServingError('internal', `output '${name}' came back with element type ${value.type}`)
  }
  const shape = value.dims
  if (dtype === 'BYTES') return { name, dtype, shape, data: value.data as string[] } // its type says so
  return { name, dtype, shape, data: numericArray(dtype, value.data) } as Tensor // dtype chose the array
}

/** Only half precision may arrive in another class (`Float16Array`) than the contract's; the bytes are the same. */
function numericArray(dtype: NumericDataType, data: OrtTensor.DataType) {
  const ArrayOfType = ARRAY_OF[dtype]
  if (data instanceof ArrayOfType) return data
  if (!ArrayBuffer.isView(data))
    throw new ServingError('internal', `${dtype} data came back as ${typeof data}`)
  return new ArrayOfType(data.buffer, data.byteOffset, data.byteLength / ArrayOfType.BYTES_PER_ELEMENT)
}

/** onnxruntime-node 1.30.0 hands strings over as C strings and would cut this one without a word. */
function nulCharacter(name: string): ServingError {
  return new ServingError(
    'invalid_argument',
    `input '${name}' has a string with a NUL character, where the engine would cut it; send such bytes as base64 text, or as a UINT8 tensor`,
    {
      reason: 'input',
    },
  )
}

function unsupportedModel(problem: string): ServingError {
  return new ServingError('invalid_argument', `the model cannot be served: ${problem}`, { reason: 'model' })
}
