import assert from 'node:assert/strict'
import { status } from '@grpc/grpc-js'
import { GrpcClient, OIP } from '../../support/grpc-client.ts'
import type { Assertion } from './assertion.ts'
import type { OipServer } from './oip-server.ts'
import { bytesOf } from './requests.ts'

const REQUESTS = 100

/** Streams, which only gRPC has. */
export const STREAM_ASSERTIONS: readonly Assertion[] = [
  {
    number: 97,
    it: 'a hundred interleaved requests of one stream, each with its own answer or error',
    run: (server) =>
      withClient(server, async (client) => {
        const stream = client.bidi('ModelStreamInfer')
        for (let i = 0; i < REQUESTS; i++) stream.write(request(modelOf(i), String(i), i))
        stream.end()
        const { messages, code } = await stream.ended
        assert.equal(code, status.OK)
        assert.deepEqual(
          (messages as StreamAnswer[]).map(outcomeOf),
          Array.from({ length: REQUESTS }, expectedOf),
        )
      }),
  },
  {
    number: 98,
    it: 'a stream that is cancelled: the server still serves',
    run: (server) =>
      withClient(server, async (client) => {
        const stream = client.bidi('ModelStreamInfer')
        stream.write(request('optional', 'slow', 1000))
        await client.unary('ServerLive', {})
        stream.cancel()
        assert.equal((await stream.ended).code, status.CANCELLED)
        const { message } = await client.unary('ModelInfer', request('optional', 'next', 1))
        assert.equal(message['id'], 'next')
      }),
  },
]

const MODELS = ['optional', 'id_fp32', 'missing'] as const
const modelOf = (index: number) => MODELS[index % MODELS.length] ?? 'missing'

function request(model: string, id: string, value: number): object {
  const name = model === 'optional' ? 'x' : 'INPUT0'
  return {
    model_name: model,
    id,
    inputs: [{ name, datatype: 'FP32', shape: [1, 1] }],
    raw_input_contents: [bytesOf(Float32Array.of(value))],
  }
}

type StreamAnswer = {
  readonly error_message: string
  readonly infer_response: { readonly id: string; readonly raw_output_contents: readonly Buffer[] }
}

/** Its id, and its value or the first word of its error. */
function outcomeOf({
  error_message: error,
  infer_response: {
    id,
    raw_output_contents: [raw],
  },
}: StreamAnswer) {
  return [id, raw?.readFloatLE() ?? /missing/.exec(error)?.[0]]
}

function expectedOf(_: unknown, index: number) {
  return [String(index), modelOf(index) === 'missing' ? 'missing' : index]
}

async function withClient(server: OipServer, use: (client: GrpcClient) => Promise<void>): Promise<void> {
  const client = new GrpcClient(server.grpcInference, OIP)
  try {
    await use(client)
  } finally {
    client.close()
  }
}
