import assert from 'node:assert/strict'
import { status } from '@grpc/grpc-js'
import { modelNotFound } from '../../../../frontend/core/errors.ts'
import type { InferenceResponse } from '../../../../frontend/core/data-plane.ts'
import { bytesResponse } from '../../../support/fake-planes.ts'
import { gate } from '../../../support/gate.ts'
import { OipGrpcFixture, RAW_REQUEST, tensorsResponse } from '../../../support/oip-grpc-fixture.ts'

const ANSWER = tensorsResponse([{ name: 'y', dtype: 'FP32', shape: [1], data: Float32Array.of(1) }])

type Sent = { readonly error_message: string; readonly infer_response: InferResponse }
type InferResponse = {
  readonly id: string
  readonly parameters: Readonly<Record<string, { readonly bool_param: boolean }>>
  readonly raw_output_contents: readonly Buffer[]
}

describe('ModelStreamInfer', () => {
  let server: OipGrpcFixture
  beforeEach(async () => {
    server = await OipGrpcFixture.open()
    server.dataPlane.outcome = ANSWER
  })
  afterEach(() => server.close())

  async function outcomeOf(requests: readonly object[], metadata: Record<string, string> = {}) {
    const stream = server.client.bidi('ModelStreamInfer', { metadata })
    for (const request of requests) stream.write(request)
    stream.end()
    const { messages, code, details } = await stream.ended
    return { sent: messages as unknown as readonly Sent[], code, details }
  }

  it('answers each request, in their order, as the last answer to it', async () => {
    const ids = ['a', 'b', 'c']
    const { sent, code } = await outcomeOf(ids.map((id) => ({ ...RAW_REQUEST, id })))
    assert.equal(code, status.OK)
    assert.deepEqual(
      sent.map(({ infer_response: { id } }) => id),
      ids,
    )
    assert.ok(
      sent.every(({ infer_response: { parameters } }) => parameters['triton_final_response']?.bool_param),
    )
  })

  it('runs the requests of a stream at once, and keeps their order', async () => {
    const fast = gate()
    inTurn(
      () => fast.promise.then(() => ANSWER),
      () => {
        fast.open()
        return Promise.resolve(ANSWER)
      },
    )
    const { sent } = await outcomeOf(['slow', 'fast'].map((id) => ({ ...RAW_REQUEST, id })))
    assert.deepEqual(
      sent.map(({ infer_response: { id } }) => id),
      ['slow', 'fast'],
    )
  })

  it('answers an error to its own request, and goes on', async () => {
    inTurn(
      () => Promise.resolve(ANSWER),
      () => Promise.reject(modelNotFound('digits', [])),
      () => Promise.resolve(ANSWER),
    )
    const { sent, code } = await outcomeOf(['a', 'b', 'c'].map((id) => ({ ...RAW_REQUEST, id })))
    assert.equal(code, status.OK)
    assert.deepEqual(
      sent.map(({ error_message: error, infer_response: { id } }) => [id, error]),
      [
        ['a', ''],
        ['b', modelNotFound('digits', []).message],
        ['c', ''],
      ],
    )
  })

  it('ends with the status of the first error where the client wants that', async () => {
    server.dataPlane.outcome = modelNotFound('digits', [])
    const { sent, code, details } = await outcomeOf([RAW_REQUEST], { triton_grpc_error: 'true' })
    assert.deepEqual([sent, code, details], [[], status.NOT_FOUND, modelNotFound('digits', []).message])
  })

  it('ends so at once, while the client sends no more and waits', async () => {
    server.dataPlane.outcome = modelNotFound('digits', [])
    const stream = server.client.bidi('ModelStreamInfer', { metadata: { triton_grpc_error: 'true' } })
    stream.write(RAW_REQUEST)
    assert.equal((await stream.ended).code, status.NOT_FOUND)
  })

  it('sends the pieces of a handler, the last one marked', async () => {
    streamPieces(['one', 'two'], 'three')
    const { sent } = await outcomeOf([RAW_REQUEST])
    assert.deepEqual(textsAndMarks(sent), [
      ['one', false],
      ['two', false],
      ['three', true],
    ])
  })

  it('sends no empty piece', async () => {
    streamPieces(['one'], '')
    assert.deepEqual(textsAndMarks((await outcomeOf([RAW_REQUEST])).sent), [['one', false]])
  })

  it('sends an empty last answer to a client that asks for one', async () => {
    streamPieces(['one'], '')
    const parameters = { triton_enable_empty_final_response: { bool_param: true } }
    assert.deepEqual(textsAndMarks((await outcomeOf([{ ...RAW_REQUEST, parameters }])).sent), [
      ['one', false],
      [undefined, true],
    ])
  })

  it('stops the work for a client that has gone', async () => {
    const aborted = gate()
    const stream = server.client.bidi('ModelStreamInfer')
    server.dataPlane.onRun = (_payload, { signal }) =>
      new Promise(() => {
        signal.addEventListener('abort', () => {
          aborted.open()
        })
        stream.cancel()
      })
    stream.write(RAW_REQUEST)
    await aborted.promise
    assert.equal((await stream.ended).code, status.CANCELLED)
  })

  function inTurn(...answers: (() => Promise<InferenceResponse>)[]): void {
    server.dataPlane.onRun = () => answers.shift()?.() ?? Promise.resolve(ANSWER)
  }

  function streamPieces(pieces: readonly string[], last: string): void {
    server.dataPlane.onRun = async (_payload, _head, onPiece) => {
      for (const text of pieces) onPiece?.({ bytes: Buffer.from(text) })
      return bytesResponse(last, { streamed: true })
    }
  }

  function textsAndMarks(sent: readonly Sent[]) {
    return sent.map(
      ({
        infer_response: {
          raw_output_contents: [raw],
          parameters,
        },
      }) => [raw?.subarray(4).toString(), parameters['triton_final_response']?.bool_param],
    )
  }
})
