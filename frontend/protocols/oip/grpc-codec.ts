import { isWireDataType, WIRE_DATA_TYPES } from '../../../worker/contract/data-type.ts'
import { ServingError } from '../../../worker/contract/errors.ts'
import type { Parameters, ParameterValue } from '../../../worker/contract/messages.ts'
import type { Tensor } from '../../../worker/contract/tensor.ts'
import { tensorFromBytes } from '../../../worker/contract/tensor-from-bytes.ts'
import { tensorToBytes } from '../../../worker/contract/tensor-to-bytes.ts'
import { shapeFrom, type WireTensor } from '../../../worker/contract/wire-tensor.ts'
import type { ModelSelector } from '../../core/data-plane.ts'
import type { WantedOutput } from './classified-outputs.ts'
import { tensorFromContents } from './proto-contents.ts'
import { refuseSharedMemory } from './shared-memory.ts'

/** A decoded `InferParameter`: one of its fields. 64-bit integers are decimal digits. */
type InferParameter = {
  readonly bool_param?: boolean
  readonly int64_param?: string
  readonly string_param?: string
  readonly double_param?: number
  readonly uint64_param?: string
}

/** The entries of a map. */
type ParameterEntries = readonly { readonly key: string; readonly value: InferParameter | null }[]

type InputTensor = {
  readonly name: string
  readonly datatype: string
  readonly shape: readonly string[]
  readonly parameters: ParameterEntries
  /** The bytes of an `InferTensorContents`; empty when there is none. */
  readonly contents: Uint8Array
}

/**
 * A decoded `ModelInferRequest`. Names as on the wire; the transport has checked the types.
 *
 * Example: `{ model_name: 'iris', inputs: [{ name: 'x', datatype: 'FP32', shape: ['1', '4'] }], raw_input_contents: [<16 bytes>], … }`
 */
export type ModelInferRequest = {
  readonly model_name: string
  readonly model_version: string
  readonly id: string
  readonly parameters: ParameterEntries
  readonly inputs: readonly InputTensor[]
  readonly outputs: readonly { readonly name: string; readonly parameters: ParameterEntries }[]
  readonly raw_input_contents: readonly Uint8Array[]
}

/** A `ModelInferResponse`; what is absent is empty. */
export type ModelInferResponse = {
  readonly model_name: string
  readonly model_version: string
  readonly id: string
  readonly parameters?: readonly object[]
  readonly outputs?: readonly object[]
  readonly raw_output_contents?: readonly Uint8Array[]
}

/** A model by its name and, unless that is empty, its version. */
export function selectorFromGrpc({
  model_name: name,
  model_version: version,
}: ModelInferRequest): ModelSelector {
  if (name === '') throw badRequest("the field 'model_name' is required: the name of a registered model")
  return version === '' ? { name } : { name, version }
}

/** What the tensors of a request weigh, before they are decoded. */
export function bytesOfTensors({ inputs, raw_input_contents: raw }: ModelInferRequest): number {
  const sum = (list: readonly Uint8Array[]) => list.reduce((total, { byteLength }) => total + byteLength, 0)
  return sum(raw) + sum(inputs.map(({ contents }) => contents))
}

/**
 * The tensors of a request: all raw, in the order of the inputs, or all with typed contents.
 *
 * Raw tensors are views of the message where they are aligned, else copied once.
 *
 * @throws ServingError `invalid_argument` naming the input and where its fault is | `unimplemented` for shared memory
 */
export function tensorsFromGrpc({ inputs, raw_input_contents: raw }: ModelInferRequest): Tensor[] {
  if (raw.length > 0 && raw.length !== inputs.length) {
    throw badRequest(
      `/raw_input_contents has ${raw.length} entries, expected one for each of the ${inputs.length} inputs, in their order`,
    )
  }
  return inputs.map((input, index) => {
    const place = `/inputs/${index}`
    refuseSharedMemory(valuesOf(input.parameters), `${place}/parameters`)
    const bytes = raw[index]
    if (bytes === undefined)
      return tensorFromContents(wireTensor(input, place, `${place}/contents`), input.contents)
    if (input.contents.byteLength > 0) {
      throw badRequest(
        `${place}/contents is given beside /raw_input_contents; give the data in one of the two`,
      )
    }
    return tensorFromBytes(wireTensor(input, place, `/raw_input_contents/${index}`), bytes)
  })
}

function wireTensor({ name, datatype, shape }: InputTensor, place: string, at: string): WireTensor {
  if (name === '') throw badRequest(`${place}/name is empty, expected the name of an input`)
  if (!isWireDataType(datatype)) {
    throw badRequest(
      `${place}/datatype is '${datatype.slice(0, 100)}', expected ${WIRE_DATA_TYPES.join(', ')}`,
    )
  }
  return { name, datatype, shape: shapeFrom(shape.map(sizeFrom), `${place}/shape`), at }
}

/** A size that a double does not hold stays a `bigint`, which is no size. */
function sizeFrom(digits: string): number | bigint {
  const size = Number(digits)
  return Number.isSafeInteger(size) ? size : BigInt(digits)
}

/** The outputs that the request names; undefined: all are wanted. */
export function wantedOutputs({ outputs }: ModelInferRequest): readonly WantedOutput[] | undefined {
  if (outputs.length === 0) return undefined
  const names = new Set<string>()
  return outputs.map(({ name, parameters }, index) => {
    const place = `/outputs/${index}`
    const values = valuesOf(parameters)
    refuseSharedMemory(values, `${place}/parameters`)
    if (names.has(name)) throw badRequest(`${place}/name is '${name}', which is asked for twice`)
    names.add(name)
    return { name, parameters: values }
  })
}

/** The parameters of the request; undefined: it has none. 64-bit integers come as `bigint`. */
export function parametersFromGrpc({ parameters }: ModelInferRequest): Record<string, unknown> | undefined {
  return parameters.length === 0 ? undefined : valuesOf(parameters)
}

function valuesOf(parameters: ParameterEntries): Record<string, unknown> {
  return Object.fromEntries(parameters.map(({ key, value }) => [key, valueOf(value ?? {})]))
}

/** Undefined for a parameter without a value. */
function valueOf(parameter: InferParameter): unknown {
  const { int64_param: int64, uint64_param: uint64 = int64 } = parameter
  if (uint64 !== undefined) return BigInt(uint64)
  return parameter.bool_param ?? parameter.string_param ?? parameter.double_param
}

/** The entries of a map of `InferParameter`. */
export function parametersToGrpc(parameters: Parameters): object[] {
  return Object.entries(parameters).map(([key, value]) => ({ key, value: parameterToGrpc(value) }))
}

function parameterToGrpc(value: ParameterValue): InferParameter {
  if (typeof value === 'boolean') return { bool_param: value }
  if (typeof value === 'string') return { string_param: value }
  return Number.isSafeInteger(value) ? { int64_param: String(value) } : { double_param: value }
}

/** The tensors of an answer: their data raw, one entry for each output, whatever form the request had. */
export function tensorsToGrpc(tensors: readonly Tensor[]) {
  return {
    outputs: tensors.map(({ name, dtype, shape }) => ({ name, datatype: dtype, shape })),
    raw_output_contents: tensors.map(tensorToBytes),
  }
}

const PREFIX_BYTES = 4

/** What a handler answers instead of tensors: one string. */
export function bytesToGrpc(bytes: Uint8Array) {
  const prefix = Buffer.alloc(PREFIX_BYTES)
  prefix.writeUInt32LE(bytes.byteLength)
  return {
    outputs: [{ name: 'output', datatype: 'BYTES', shape: [1] }],
    raw_output_contents: [Buffer.concat([prefix, bytes])],
  }
}

function badRequest(message: string): ServingError {
  return new ServingError('invalid_argument', message, { reason: 'request' })
}
