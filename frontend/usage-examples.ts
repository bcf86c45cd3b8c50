import type { VersionDescription } from './core/control-plane.ts'
import { formatShape, isVariable, type TensorMetadata } from '../worker/contract/tensor.ts'
import { curlTarget, exampleRows, isSmall, shellQuoted } from './startup-report.ts'

export type UsageAddresses = { readonly inference: string; readonly grpcInference?: string | undefined }

const JSON_HEADER = "-H 'Content-Type: application/json'"

/**
 * How to call a version whose graph is served as it is: its inputs and outputs, and a request in each dialect that can
 * be typed as it stands. Nothing for a version that is not ready, or has a handler that decides what it takes.
 */
export function usageLines(version: VersionDescription, addresses: UsageAddresses): string[] {
  const { model, state, handler, inputs = [], outputs = [] } = version
  if (state !== 'ready' || handler !== 'tensor' || inputs.length === 0) return []
  const name = `${model.name} ${model.version}`
  const schema = [
    ...inputs.map((input) => `${name}: input ${shownTensor(input)}`),
    ...outputs.map((output) => `${name}: output ${shownTensor(output)}`),
  ]
  return inputs.every(isSmall) ? [...schema, ...requests(version, inputs, addresses)] : schema
}

function requests(
  { model }: VersionDescription,
  inputs: readonly TensorMetadata[],
  { inference, grpcInference }: UsageAddresses,
): string[] {
  const curl = (path: string, body: unknown) =>
    `curl -d ${shellQuoted(JSON.stringify(body))} ${JSON_HEADER} ${curlTarget(inference, path)}`
  const { name } = model
  return [
    curl(`/predictions/${name}`, Object.fromEntries(inputs.map((input) => [input.name, exampleRows(input)]))),
    curl(`/v2/models/${name}/infer`, { inputs: inputs.map(openInferenceTensor) }),
    curl(`/v1/models/${name}:predict`, tensorFlowBody(inputs)),
    ...(grpcInference === undefined || !inputs.every(hasContents)
      ? []
      : [grpcurl(name, inputs, grpcInference)]),
  ]
}

function shownTensor({ name, dtype, shape }: TensorMetadata): string {
  return `'${name}' ${dtype} ${formatShape(shape)}`
}

function exampleShape({ shape }: TensorMetadata): number[] {
  return shape.map((size) => (isVariable(size) ? 1 : Number(size)))
}

/** The elements in one list. */
function flatData(input: TensorMetadata): unknown[] {
  const rows = exampleRows(input)
  return Array.isArray(rows) ? (rows.flat(Infinity) as unknown[]) : [rows] // any depth
}

function openInferenceTensor(input: TensorMetadata) {
  return { name: input.name, shape: exampleShape(input), datatype: input.dtype, data: flatData(input) }
}

/** By rows where every input has them, else by columns. */
function tensorFlowBody(inputs: readonly TensorMetadata[]): unknown {
  const [only, ...others] = inputs
  const hasRows = inputs.every(({ shape }) => shape.length > 0 && isVariable(shape[0]))
  const row = (input: TensorMetadata) => exampleRows({ ...input, shape: input.shape.slice(1) })
  if (!hasRows || only === undefined) {
    return { inputs: Object.fromEntries(inputs.map((input) => [input.name, exampleRows(input)])) }
  }
  if (others.length === 0) return { instances: [row(only)] }
  return { instances: [Object.fromEntries(inputs.map((input) => [input.name, row(input)]))] }
}

/** Where the protocol's messages hold the elements of a type; half precision travels as bytes only. */
const CONTENTS_OF: Readonly<Record<string, string>> = {
  BOOL: 'bool_contents',
  INT8: 'int_contents',
  INT16: 'int_contents',
  INT32: 'int_contents',
  INT64: 'int64_contents',
  UINT8: 'uint_contents',
  UINT16: 'uint_contents',
  UINT32: 'uint_contents',
  UINT64: 'uint64_contents',
  FP32: 'fp32_contents',
  FP64: 'fp64_contents',
  BYTES: 'bytes_contents',
}

function hasContents({ dtype }: TensorMetadata): boolean {
  return dtype in CONTENTS_OF
}

function grpcurl(name: string, inputs: readonly TensorMetadata[], address: string): string {
  const tensors = inputs.map((input) => {
    const { dtype: datatype } = input
    const data = flatData(input).map((value) =>
      typeof value === 'string' ? Buffer.from(value).toString('base64') : value,
    )
    const contents = { [CONTENTS_OF[datatype] ?? '']: data }
    return { name: input.name, datatype, shape: exampleShape(input), contents }
  })
  const message = shellQuoted(JSON.stringify({ model_name: name, inputs: tensors }))
  return `grpcurl -plaintext -d ${message} ${address} inference.GRPCInferenceService/ModelInfer`
}
