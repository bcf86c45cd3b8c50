import assert from 'node:assert/strict'
import { compressionAlgorithms, status } from '@grpc/grpc-js'
import { GrpcClient, OIP } from '../../support/grpc-client.ts'
import type { GrpcAssertion } from './grpc-assertion.ts'
import { fp32, late, raw, ROW } from './grpc-requests.ts'

const SMALL = (byteLength: number) =>
  raw('small', { datatype: 'FP32', shape: [byteLength / 4] }, Buffer.alloc(byteLength))

const { gzip, deflate } = compressionAlgorithms
const isWrong = (number: number) => number % 5 === 0

/** One of a hundred requests: of two models, and every fifth with an error of its own. */
function numbered(number: number): object {
  const request =
    number % 2 === 0
      ? raw('id_fp32', { datatype: 'FP32', shape: [1, 1] }, fp32(number))
      : late('optional', number % 100)
  const wrong = { ...request, model_name: `unknown${number}` }
  return { ...(isWrong(number) ? wrong : request), id: String(number) }
}

type StreamMessage = {
  readonly error_message: string
  readonly infer_response: { readonly id: string; readonly raw_output_contents: readonly Buffer[] }
}

/** How messages arrive, and when. */
export const GRPC_TRANSPORT_ASSERTIONS: readonly GrpcAssertion[] = [
  ...Object.entries({ gzip, deflate }).map(([name, algorithm]): GrpcAssertion => ({
    number: 63,
    it: `messages in ${name}`,
    run: async ({ server }) => {
      const options = { 'grpc.default_compression_algorithm': algorithm }
      const client = new GrpcClient(server.grpcInference, OIP, { options })
      try {
        const { message } = await client.unary('ModelInfer', ROW)
        assert.deepEqual(message['raw_output_contents'], [fp32(0.5, 1)])
      } finally {
        client.close()
      }
    },
  })),
  { number: 67, it: 'a message below the limit of its model', method: 'ModelInfer', request: SMALL(900) },
  {
    number: 67,
    it: 'a message over the limit of its model',
    method: 'ModelInfer',
    request: SMALL(1004),
    code: 'RESOURCE_EXHAUSTED',
    error: /1000/,
  },
  {
    number: 67,
    it: 'a message over the limit of the server',
    method: 'ModelInfer',
    request: raw('fixed', { datatype: 'FP32', shape: [2, 2] }, Buffer.alloc(64 * 1024 * 1024)),
    code: 'RESOURCE_EXHAUSTED',
    error: /67108864/,
  },
  {
    number: 97,
    it: 'a hundred interleaved requests: each has its answer or its error, and the stream goes on',
    run: async ({ client }) => {
      const stream = client.bidi('ModelStreamInfer')
      const numbers = Array.from({ length: 100 }, (_, index) => index + 1)
      for (const number of numbers) stream.write(numbered(number))
      const answers = new Map<string, unknown>()
      for (const _ of numbers) {
        const { error_message: error, infer_response: answer } = (await stream.next()) as StreamMessage
        answers.set(answer.id, error === '' ? answer.raw_output_contents : /unknown\d+/.exec(error)?.[0])
      }
      const expected = (number: number) => {
        if (isWrong(number)) return `unknown${number}`
        return [fp32(number % 2 === 0 ? number : number % 100)]
      }
      for (const number of numbers) assert.deepEqual(answers.get(String(number)), expected(number))
      stream.write({ ...ROW, id: 'last' })
      const last = (await stream.next()) as StreamMessage
      assert.deepEqual([last.error_message, last.infer_response.id], ['', 'last'])
      stream.end()
      assert.equal((await stream.ended).code, status.OK)
    },
  },
  {
    number: 98,
    it: 'a stream that is cancelled in the middle leaves the server serving',
    run: async ({ client }) => {
      const streams = Array.from({ length: 20 }, () => client.bidi('ModelStreamInfer'))
      for (const stream of streams) {
        for (let i = 0; i < 10; i++) stream.write(ROW)
        stream.write(late('optional', 100))
      }
      await Promise.all(streams.map((stream) => stream.next()))
      for (const stream of streams) stream.cancel()
      const ends = await Promise.all(streams.map(({ ended }) => ended))
      assert.deepEqual(new Set(ends.map(({ code }) => code)), new Set([status.CANCELLED]))
      const { message } = await client.unary('ModelInfer', ROW)
      assert.deepEqual(message['raw_output_contents'], [fp32(0.5, 1)])
      assert.deepEqual((await client.unary('ServerReady', {})).message, { ready: true })
    },
  },
]
