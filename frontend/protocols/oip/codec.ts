import { unknownInput, fitsShape, wrongShape } from '../../../worker/contract/check-feeds.ts'
import { isWireDataType, WIRE_DATA_TYPES, type WireDataType } from '../../../worker/contract/data-type.ts'
import type { Mutable } from '../../../worker/contract/mutable.ts'
import { tensorFromBytes } from '../../../worker/contract/tensor-from-bytes.ts'
import { tensorFromData } from '../../../worker/contract/tensor-from-data.ts'
import type { Tensor, TensorMetadata } from '../../../worker/contract/tensor.ts'
import { dtypeOnArrival, shapeFrom, type WireTensor } from '../../../worker/contract/wire-tensor.ts'
import type { BodyBlocks } from './body-blocks.ts'
import {
  atPlace,
  badBody,
  badValue,
  flagAt,
  listAt,
  objectAt,
  optionalObjectAt,
  textAt,
  WHOLE_BODY,
  type JsonObject,
} from './body-values.ts'
import type { InferRequest } from './infer-request.ts'
import { nonFiniteFrom, selectedOutputsFrom } from './output-selection.ts'
import { refuseSharedMemory } from './shared-memory.ts'

/**
 * A request's JSON, and the raw elements behind it, as tensors for these inputs.
 *
 *   {"id": "a1", "parameters": {"binary_data_output": true},
 *    "inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 2], "data": [0.5, 1]},
 *               {"name": "z", "datatype": "INT64", "shape": [4], "parameters": {"binary_data_size": 32}}],
 *    "outputs": [{"name": "y", "parameters": {"binary_data": true}}]}
 *
 * Members with other names are ignored.
 *
 * @throws ServingError `invalid_argument` with the JSON pointer of the place | `unimplemented` for shared memory
 */
export function requestFromBody(blocks: BodyBlocks, inputs: readonly TensorMetadata[]): InferRequest {
  const body = objectAt(blocks.json, WHOLE_BODY)
  const { id, parameters } = body
  const given = optionalObjectAt(parameters, '/parameters')
  const nonFinite = nonFiniteFrom(given.non_finite, '/parameters/non_finite')
  const tensors = tensorsFrom(body.inputs, blocks, inputs)
  blocks.end()
  const isBinaryByDefault = flagAt(given.binary_data_output, '/parameters/binary_data_output') ?? false
  const request: Mutable<InferRequest> = { tensors, isBinaryByDefault, parameters }
  if (id !== undefined) request.id = textAt(id, '/id')
  if (body.outputs !== undefined) request.outputs = selectedOutputsFrom(body.outputs)
  if (nonFinite !== undefined) request.nonFinite = nonFinite
  return request
}

function tensorsFrom(value: unknown, blocks: BodyBlocks, inputs: readonly TensorMetadata[]): Tensor[] {
  const names = new Set<string>()
  return listAt(value, '/inputs').map((each, index) => {
    const at = `/inputs/${index}`
    const input = objectAt(each, at)
    const wire = wireTensorFrom(input, at)
    if (names.has(wire.name)) throw badBody(`${at}/name: input '${wire.name}' is given twice`)
    names.add(wire.name)
    checkAgainst(inputs, wire, at)
    return tensorFrom({ input, wire, at }, blocks)
  })
}

function wireTensorFrom({ name, datatype, shape }: JsonObject, at: string): WireTensor {
  return {
    name: textAt(name, `${at}/name`),
    datatype: dataTypeAt(datatype, `${at}/datatype`),
    shape: shapeFrom(shape, `${at}/shape`),
    at: `${at}/data`,
  }
}

function dataTypeAt(value: unknown, at: string): WireDataType {
  if (isWireDataType(value)) return value
  throw badValue(at, value, `one of ${WIRE_DATA_TYPES.join(', ')}`)
}

/** Before the elements are read. A model that says nothing of its inputs is asked later. */
function checkAgainst(
  inputs: readonly TensorMetadata[],
  { name, datatype, shape }: WireTensor,
  at: string,
): void {
  if (inputs.length === 0) return
  const input = inputs.find((each) => each.name === name)
  if (input === undefined) throw atPlace(`${at}/name`, unknownInput(name, inputs))
  if (dtypeOnArrival(datatype) !== input.dtype) {
    throw badBody(`${at}/datatype is ${datatype}, input '${name}' of the model takes ${input.dtype}`)
  }
  if (!fitsShape(input, shape)) throw atPlace(`${at}/shape`, wrongShape(input, shape))
}

type GivenInput = { readonly input: JsonObject; readonly wire: WireTensor; readonly at: string }

function tensorFrom({ input, wire, at }: GivenInput, blocks: BodyBlocks): Tensor {
  const parameters = optionalObjectAt(input.parameters, `${at}/parameters`)
  refuseSharedMemory(parameters, `${at}/parameters`)
  const { binary_data_size: byteLength } = parameters
  const sizeAt = `${at}/parameters/binary_data_size`
  if (byteLength === undefined) {
    if (input.data !== undefined) return tensorFromData(wire, input.data)
    throw badBody(
      `${at} has no data: input '${wire.name}' needs 'data', or 'parameters.binary_data_size' and its bytes behind the JSON`,
    )
  }
  if (input.data !== undefined) {
    throw badBody(`${at} has both 'data' and 'parameters.binary_data_size'; give one of them`)
  }
  if (typeof byteLength !== 'number' || !Number.isSafeInteger(byteLength) || byteLength < 0) {
    throw badValue(sizeAt, byteLength, 'a number of bytes from 0')
  }
  return tensorFromBytes(
    { name: wire.name, datatype: wire.datatype, shape: wire.shape, at: sizeAt },
    blocks.take(byteLength, sizeAt),
  )
}
