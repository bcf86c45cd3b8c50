import { bytesField, integerField, messageField, stringField } from '../../test/support/protobuf-writer.ts'
import { bytesFromStrings } from '../../worker/contract/string-elements.ts'

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

/** Every wire with about `payloadBytes` of tensor. */
export function wires(payloadBytes: number): readonly Wire[] {
  const raw = Buffer.alloc(payloadBytes, 1)
  const count = payloadBytes / 4
  const strings = Array.from({ length: payloadBytes / (STRING_BYTES + PREFIX_BYTES) }, (_, index) =>
    String(index).padStart(STRING_BYTES),
  )
  const texts = Buffer.from(bytesFromStrings(strings))
  return [
    binary('V2 REST, binary FP32', { model: 'floats', datatype: 'FP32', shape: [1, count], block: raw }),
    binary('V2 REST, binary BOOL', {
      model: 'bools',
      datatype: 'BOOL',
      shape: [1, payloadBytes],
      block: raw,
    }),
    binary('V2 REST, binary BYTES', {
      model: 'texts',
      datatype: 'BYTES',
      shape: [1, strings.length],
      block: texts,
    }),
    json('V2 REST, JSON FP32', payloadBytes),
    grpc(
      'V2 gRPC, raw FP32',
      '/inference.GRPCInferenceService/ModelInfer',
      inferMessage('floats', 'FP32', count, raw),
    ),
    grpc(
      'V2 gRPC, raw BYTES',
      '/inference.GRPCInferenceService/ModelInfer',
      inferMessage('texts', 'BYTES', strings.length, texts),
    ),
    grpc(
      'TF Serving gRPC, tensor_content',
      '/tensorflow.serving.PredictionService/Predict',
      predictMessage(count, raw),
    ),
    {
      name: '/predictions, bytes',
      path: '/predictions/echo',
      isGrpc: false,
      headers: { 'content-type': 'application/octet-stream' },
      body: raw,
    },
  ]
}

type Binary = {
  readonly model: string
  readonly datatype: string
  readonly shape: readonly number[]
  readonly block: Uint8Array
}

function binary(name: string, { model, datatype, shape, block }: Binary): Wire {
  const parameters = { binary_data_size: block.byteLength }
  const head = Buffer.from(
    JSON.stringify({
      inputs: [{ name: 'x', datatype, shape, parameters }],
      parameters: { binary_data_output: true },
    }),
  )
  const headers = {
    'content-type': 'application/octet-stream',
    'inference-header-content-length': String(head.byteLength),
  }
  return {
    name,
    path: `/v2/models/${model}/infer`,
    isGrpc: false,
    headers,
    body: Buffer.concat([head, block]),
  }
}

/** As many bytes of JSON. */
function json(name: string, payloadBytes: number): Wire {
  const element = '0.12345'
  const count = Math.floor(payloadBytes / (element.length + 1))
  const data = Array.from({ length: count }, () => element).join(',')
  const body = `{"inputs":[{"name":"x","datatype":"FP32","shape":[1,${count}],"data":[${data}]}]}`
  const headers = { 'content-type': 'application/json' }
  return { name, path: '/v2/models/floats/infer', isGrpc: false, headers, body: Buffer.from(body) }
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
