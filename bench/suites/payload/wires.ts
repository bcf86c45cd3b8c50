import { bytesField, integerField, messageField, stringField } from '../../../test/support/protobuf-writer.ts'
import { bytesFromStrings } from '../../../worker/contract/string-elements.ts'
import { v2BinaryRequest, type V2BinaryRequest } from '../../load/v2-binary-request.ts'

/** One way for a payload to the server and back. */
export type Wire = {
  readonly name: string
  readonly path: string
  readonly isGrpc: boolean
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

const STRING_BYTES = 60
const PREFIX_BYTES = 4
const ELEMENT = '0.12345'

const MODEL_INFER = '/inference.GRPCInferenceService/ModelInfer'
const PREDICT = '/tensorflow.serving.PredictionService/Predict'
const PREDICTIONS = '/org.pytorch.serve.grpc.inference.InferenceAPIsService/Predictions'
const BYTES = { 'content-type': 'application/octet-stream' }

/** The wire that the target is about. */
export const BINARY_TENSOR = 'V2 REST, binary FP32'

/** Every wire with about `payloadBytes` of tensor, in one row: many rows would be split into engine calls. */
export function wires(payloadBytes: number): readonly Wire[] {
  return [...v2Wires(payloadBytes), ...torchserveWires(payloadBytes), ...tfservingWires(payloadBytes)]
}

function v2Wires(payloadBytes: number): Wire[] {
  const raw = Buffer.alloc(payloadBytes, 1)
  const count = payloadBytes / 4
  const strings = Array.from({ length: payloadBytes / (STRING_BYTES + PREFIX_BYTES) }, (_, index) =>
    String(index).padStart(STRING_BYTES),
  )
  const texts = Buffer.from(bytesFromStrings(strings))
  const bools = { model: 'bools', datatype: 'BOOL', shape: [1, payloadBytes], block: raw }
  const bytes = { model: 'texts', datatype: 'BYTES', shape: [1, strings.length], block: texts }
  const data = (row: string, length: number) =>
    `{"inputs":[{"name":"x","datatype":"FP32","shape":[1,${length}],"data":${row}}]}`
  return [
    binary(BINARY_TENSOR, { model: 'floats', datatype: 'FP32', shape: [1, count], block: raw }),
    binary('V2 REST, binary BOOL', bools),
    binary('V2 REST, binary BYTES', bytes),
    json('V2 REST, JSON FP32', '/v2/models/floats/infer', jsonRow(payloadBytes, data)),
    grpc('V2 gRPC, raw FP32', MODEL_INFER, inferMessage('floats', 'FP32', count, raw)),
    grpc('V2 gRPC, raw BYTES', MODEL_INFER, inferMessage('texts', 'BYTES', strings.length, texts)),
  ]
}

function torchserveWires(payloadBytes: number): Wire[] {
  const raw = Buffer.alloc(payloadBytes, 1)
  const body = jsonRow(payloadBytes, (row) => `{"x":[${row}]}`)
  const entry = [stringField(1, 'data'), bytesField(2, raw)]
  const message = Buffer.concat([stringField(1, 'echo'), messageField(3, ...entry)])
  return [
    json('TorchServe REST, JSON', '/predictions/floats', body),
    { name: 'TorchServe REST, bytes', path: '/predictions/echo', isGrpc: false, headers: BYTES, body: raw },
    grpc('TorchServe gRPC, bytes', PREDICTIONS, message),
  ]
}

function tfservingWires(payloadBytes: number): Wire[] {
  const raw = Buffer.alloc(payloadBytes, 1)
  const body = jsonRow(payloadBytes, (row) => `{"instances":[${row}]}`)
  return [
    json('TF Serving REST, JSON', '/v1/models/floats:predict', body),
    grpc('TF Serving gRPC, tensor_content', PREDICT, predictMessage(payloadBytes / 4, raw)),
  ]
}

/** As many bytes of JSON. */
function jsonRow(payloadBytes: number, bodyOf: (row: string, length: number) => string): string {
  const length = Math.floor(payloadBytes / (ELEMENT.length + 1))
  return bodyOf(`[${Array.from({ length }, () => ELEMENT).join(',')}]`, length)
}

function json(name: string, path: string, body: string): Wire {
  const headers = { 'content-type': 'application/json' }
  return { name, path, isGrpc: false, headers, body: Buffer.from(body) }
}

function binary(name: string, facts: V2BinaryRequest): Wire {
  const { path, headers = {}, body = '' } = v2BinaryRequest(facts)
  return { name, path, isGrpc: false, headers, body: Buffer.from(body) }
}

function grpc(name: string, path: string, message: Uint8Array): Wire {
  const prefix = Buffer.alloc(5)
  prefix.writeUInt32BE(message.byteLength, 1)
  return {
    name,
    path,
    isGrpc: true,
    headers: { 'content-type': 'application/grpc', te: 'trailers' },
    body: Buffer.concat([prefix, message]),
  }
}

function inferMessage(model: string, datatype: string, count: number, block: Uint8Array): Uint8Array {
  return Buffer.concat([
    stringField(1, model),
    messageField(
      5,
      stringField(1, 'x'),
      stringField(2, datatype),
      integerField(3, 1),
      integerField(3, count),
    ),
    bytesField(7, block),
  ])
}

const DT_FLOAT = 1

function predictMessage(count: number, block: Uint8Array): Uint8Array {
  const tensor = [
    integerField(1, DT_FLOAT),
    messageField(2, messageField(2, integerField(1, 1)), messageField(2, integerField(1, count))),
    bytesField(4, block),
  ]
  return Buffer.concat([
    messageField(1, stringField(1, 'floats')),
    messageField(2, stringField(1, 'x'), messageField(2, ...tensor)),
  ])
}
