import { status, type ServiceError } from '@grpc/grpc-js'
import type { DataType } from '../../../worker/contract/data-type.ts'
import type { Tensor } from '../../../worker/contract/tensor.ts'
import { EXACT_DEFINITIONS, GrpcClient, INFERENCE } from '../../support/grpc-client.ts'
import { parseJson, nestedText, tensorFromElements, tensorFromNested } from './json-tensors.ts'
import { bytesOfTensor, tensorFromBytes } from './raw-tensors.ts'
import { PREDICTIONS } from './http-wires.ts'
import type { Outcome, Wire } from './wire.ts'

const V2_SERVICE = 'inference.GRPCInferenceService'
const TFS_SERVICE = 'tensorflow.serving.PredictionService'

function failureOfCall(error: ServiceError): Outcome {
  const name = status[error.code] ?? ''
  return { ok: false, failure: { code: name.toLowerCase(), message: error.details } }
}

type Call = { readonly service: string; readonly method: string; readonly request: object }

/** One unary call on a channel of its own. */
async function answerOf(
  target: string,
  { service, method, request }: Call,
  read: (message: object) => readonly Tensor[],
): Promise<Outcome> {
  const client = new GrpcClient(target, service, { definitions: EXACT_DEFINITIONS })
  try {
    return { ok: true, outputs: read((await client.unary(method, request)).message) }
  } catch (error) {
    if (!(error instanceof Error && 'details' in error)) throw error
    return failureOfCall(error as ServiceError) // grpc-js' own
  } finally {
    client.close()
  }
}

export const TORCHSERVE_GRPC: Wire = {
  name: "TorchServe's gRPC, JSON",
  cannotCarry: PREDICTIONS.cannotCarry,
  infer: ({ grpc }, { model, version = '', inputs, outputs }) => {
    const input = Object.fromEntries(inputs.map((each) => [each.name, Buffer.from(nestedText(each))]))
    const request = { model_name: model, model_version: version, input }
    return answerOf(grpc, { service: INFERENCE, method: 'Predictions', request }, (message) => {
      const { prediction } = message as { readonly prediction: Buffer }
      const values = parseJson(prediction.toString()) as Readonly<Record<string, unknown>>
      return outputs.map((output) => tensorFromNested(output, values[output.name]))
    })
  },
}

type V2Output = { readonly name: string; readonly datatype: DataType; readonly shape: readonly string[] }
type V2Message = { readonly outputs: readonly V2Output[]; readonly raw_output_contents: readonly Buffer[] }

function fromRawOutputs(message: object): readonly Tensor[] {
  const { outputs, raw_output_contents: raw } = message as V2Message
  return outputs.map(({ name, datatype: dtype, shape }, index) =>
    tensorFromBytes({ name, dtype, shape: shape.map(Number) }, raw[index] ?? Buffer.alloc(0)),
  )
}

export const V2_GRPC_RAW: Wire = {
  name: 'V2 gRPC, raw',
  cannotCarry: () => undefined,
  infer: ({ grpc }, { model, version = '', inputs }) => {
    const request = {
      model_name: model,
      model_version: version,
      inputs: inputs.map(({ name, dtype: datatype, shape }) => ({ name, datatype, shape })),
      raw_input_contents: inputs.map(bytesOfTensor),
    }
    return answerOf(grpc, { service: V2_SERVICE, method: 'ModelInfer', request }, fromRawOutputs)
  },
}

const CONTENTS: Readonly<Partial<Record<DataType, string>>> = {
  BOOL: 'bool_contents',
  UINT8: 'uint_contents',
  UINT16: 'uint_contents',
  UINT32: 'uint_contents',
  UINT64: 'uint64_contents',
  INT8: 'int_contents',
  INT16: 'int_contents',
  INT32: 'int_contents',
  INT64: 'int64_contents',
  FP32: 'fp32_contents',
  FP64: 'fp64_contents',
  BYTES: 'bytes_contents',
}

/** 64-bit integers as decimal text, which the client's library takes. */
function listOf(tensor: Tensor): unknown[] {
  if (tensor.dtype === 'BYTES') return tensor.data.map((text) => Buffer.from(text))
  if (tensor.dtype === 'BOOL') return Array.from(tensor.data, (each) => each === 1)
  return Array.from(tensor.data as Iterable<number | bigint>, (each) =>
    typeof each === 'bigint' ? String(each) : each,
  )
}

export const V2_GRPC_TYPED: Wire = {
  name: 'V2 gRPC, typed',
  cannotCarry: (inputs) =>
    inputs.some(({ dtype }) => dtype === 'FP16')
      ? 'the protocol has no field for FP16 but raw bytes'
      : undefined,
  infer: ({ grpc }, { model, version = '', inputs }) => {
    const request = {
      model_name: model,
      model_version: version,
      inputs: inputs.map((input) => ({
        name: input.name,
        datatype: input.dtype,
        shape: input.shape,
        contents: { [CONTENTS[input.dtype] ?? '']: listOf(input) },
      })),
    }
    return answerOf(grpc, { service: V2_SERVICE, method: 'ModelInfer', request }, fromRawOutputs)
  },
}

const TENSORFLOW_TYPES: Readonly<Record<DataType, string>> = {
  FP32: 'DT_FLOAT',
  FP64: 'DT_DOUBLE',
  INT32: 'DT_INT32',
  UINT8: 'DT_UINT8',
  INT16: 'DT_INT16',
  INT8: 'DT_INT8',
  BYTES: 'DT_STRING',
  INT64: 'DT_INT64',
  BOOL: 'DT_BOOL',
  UINT16: 'DT_UINT16',
  FP16: 'DT_HALF',
  UINT32: 'DT_UINT32',
  UINT64: 'DT_UINT64',
}

const TENSORFLOW_LISTS: Readonly<Record<DataType, string>> = {
  FP32: 'float_val',
  FP64: 'double_val',
  INT32: 'int_val',
  UINT8: 'int_val',
  INT16: 'int_val',
  INT8: 'int_val',
  BYTES: 'string_val',
  INT64: 'int64_val',
  BOOL: 'bool_val',
  UINT16: 'int_val',
  FP16: 'half_val',
  UINT32: 'uint32_val',
  UINT64: 'uint64_val',
}

type TensorProto = Readonly<Record<string, unknown>> & {
  readonly dtype: string
  readonly tensor_shape: { readonly dim: readonly { readonly size: string }[] }
  readonly tensor_content: Buffer
}

function protoHead({ dtype, shape }: Tensor) {
  return { dtype: TENSORFLOW_TYPES[dtype], tensor_shape: { dim: shape.map((size) => ({ size })) } }
}

function tensorFromProto(name: string, proto: TensorProto): Tensor {
  const dtype = (Object.keys(TENSORFLOW_TYPES) as DataType[]).find(
    (each) => TENSORFLOW_TYPES[each] === proto.dtype,
  )
  if (dtype === undefined) throw new Error(`dtype ${proto.dtype}`)
  const shape = proto.tensor_shape.dim.map(({ size }) => Number(size))
  if (proto.tensor_content.byteLength > 0)
    return tensorFromBytes({ name, dtype, shape }, proto.tensor_content)
  const list = proto[TENSORFLOW_LISTS[dtype]] as readonly (number | string | boolean | Buffer)[]
  if (dtype === 'BYTES') return { name, dtype, shape, data: list.map(String) }
  if (dtype === 'FP16') return { name, dtype, shape, data: Uint16Array.from(list as readonly number[]) }
  return tensorFromElements({ name, dtype, shape }, list)
}

function tensorflowWire(name: string, contentOf: (tensor: Tensor) => object): Wire {
  return {
    name,
    cannotCarry: () => undefined,
    infer: ({ grpc }, { model, version, inputs }) => {
      const request = {
        model_spec: { name: model, ...(version === undefined ? {} : { version: { value: version } }) },
        inputs: Object.fromEntries(
          inputs.map((each) => [each.name, { ...protoHead(each), ...contentOf(each) }]),
        ),
      }
      return answerOf(grpc, { service: TFS_SERVICE, method: 'Predict', request }, (message) => {
        const { outputs } = message as { readonly outputs: Readonly<Record<string, TensorProto>> }
        return Object.entries(outputs).map(([output, proto]) => tensorFromProto(output, proto))
      })
    },
  }
}

export const TFS_GRPC_TYPED = tensorflowWire('TF Serving gRPC, typed', (tensor) => ({
  [TENSORFLOW_LISTS[tensor.dtype]]: listOf(tensor),
}))

/** Strings have no form in `tensor_content`. */
export const TFS_GRPC_RAW = tensorflowWire('TF Serving gRPC, tensor_content', (tensor) =>
  tensor.dtype === 'BYTES' ? { string_val: listOf(tensor) } : { tensor_content: bytesOfTensor(tensor) },
)
