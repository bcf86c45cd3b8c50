import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { InferenceResponse, OnPiece } from '../../../../frontend/core/data-plane.ts'
import { clientGone } from '../../../../frontend/core/errors.ts'
import { ServingError } from '../../../../worker/contract/errors.ts'
import type { Tensor, TensorMetadata } from '../../../../worker/contract/tensor.ts'
import { ExtensionsFixture } from '../../../support/extensions-fixture.ts'
import { bytesResponse } from '../../../support/fake-planes.ts'

const TEXT_IN: TensorMetadata = { name: 'text_input', dtype: 'BYTES', shape: [-1, 1] }
const TEXT_OUT: TensorMetadata = { name: 'answer', dtype: 'BYTES', shape: [-1, 1] }
const HEAD = { model_name: 'digits', model_version: '1.0' }
const PATH = '/v2/models/digits/generate'

function tensors(...given: readonly Tensor[]): InferenceResponse {
  return bytesResponse('', { payload: { kind: 'tensors', tensors: given, parameters: { tokens: 3 } } })
}

describe('the routes of generate', () => {
  let fixture: ExtensionsFixture

  beforeEach(async () => {
    fixture = await ExtensionsFixture.open()
    fixture.dataPlane.inputs = [TEXT_IN]
    fixture.dataPlane.currentMetadata = { ...fixture.dataPlane.metadata(), outputs: [TEXT_OUT] }
    fixture.dataPlane.outcome = tensors({ name: 'answer', dtype: 'BYTES', shape: [1, 1], data: ['Hi'] })
  })
  afterEach(() => fixture.close())

  async function events(body: unknown = { text_input: 'Hello' }): Promise<unknown[]> {
    const response = await fetch(`${fixture.url}${PATH}_stream`, {
      method: 'POST',
      body: JSON.stringify(body),
    })
    assert.equal(response.status, 200)
    assert.equal(response.headers.get('content-type'), 'text/event-stream; charset=utf-8')
    const text = await response.text()
    assert.match(text, /^(data: [^\n]+\n\n)+$/)
    return text
      .split('\n\n')
      .slice(0, -1)
      .map((event) => JSON.parse(event.slice('data: '.length)) as unknown)
  }

  function streams(...pieces: readonly string[]): void {
    fixture.dataPlane.onRun = (_, __, onPiece?: OnPiece) => {
      for (const piece of pieces) onPiece?.({ bytes: Buffer.from(piece) })
      return Promise.resolve(bytesResponse('', { streamed: true }))
    }
  }

  for (const path of [PATH, '/v2/models/digits/versions/1.0/generate']) {
    it(`answers plain values at ${path}`, async () => {
      const { status, body } = await fixture.ask('POST', path, {
        id: 'a',
        text_input: 'Hello',
        max_tokens: 5,
      })
      assert.equal(status, 200)
      assert.deepEqual(body, { id: 'a', ...HEAD, tokens: 3, answer: 'Hi' })
      assert.deepEqual(fixture.dataPlane.payloads, [
        {
          kind: 'tensors',
          tensors: [{ name: 'text_input', dtype: 'BYTES', shape: [1, 1], data: ['Hello'] }],
          parameters: { max_tokens: 5 },
        },
      ])
    })
  }

  it('answers lists of several values, exact integers included', async () => {
    fixture.dataPlane.outcome = tensors({
      name: 'y',
      dtype: 'INT64',
      shape: [1, 2],
      data: BigInt64Array.of(2n ** 53n + 1n, 1n),
    })
    const response = await fetch(`${fixture.url}${PATH}`, { method: 'POST', body: '{"text_input":"a"}' })
    assert.match(await response.text(), /"y":\[9007199254740993,1\]\}$/)
  })

  const BYTES = [
    { it: 'a JSON object', text: '{"answer":"x","n":1}', body: { answer: 'x', n: 1 } },
    { it: 'text', text: 'plain', body: { answer: 'plain' } },
    { it: 'what only begins like an object', text: '{plain', body: { answer: '{plain' } },
  ]
  for (const { it: claim, text, body } of BYTES) {
    it(`gives a handler's bytes names: ${claim}`, async () => {
      fixture.dataPlane.outcome = bytesResponse(text)
      const answer = await fixture.ask('POST', PATH, { text_input: 'a' })
      assert.deepEqual(answer.body, { ...HEAD, ...body })
    })
  }

  const SHAPES = [
    { shape: [], value: 1.5, given: [] },
    { shape: [-1], value: 1.5, given: [1] },
    { shape: [-1], value: [1, 2], given: [2] },
    { shape: [-1, 4], value: [1, 2, 3, 4], given: [1, 4] },
    { shape: [-1, -1], value: [1, 2, 3], given: [1, 3] },
    { shape: ['batch', 'length'], value: [], given: [1, 0] },
    { shape: [-1, 2, -1, 2], value: [1, 2, 3, 4, 5, 6, 7, 8], given: [1, 2, 2, 2] },
    { shape: [2], value: [1, 2], given: [2] },
  ]
  for (const { shape, value, given } of SHAPES) {
    it(`fills the shape [${shape.join()}] with ${JSON.stringify(value)}`, async () => {
      fixture.dataPlane.inputs = [{ name: 'x', dtype: 'FP32', shape }]
      const { status } = await fixture.ask('POST', PATH, { x: value })
      assert.equal(status, 200)
      const [payload] = fixture.dataPlane.payloads
      assert.ok(payload?.kind === 'tensors')
      assert.deepEqual(payload.tensors[0]?.shape, given)
    })
  }

  const REFUSED = [
    { body: { x: [[1]] }, says: /^\/x\/0 is/ },
    { body: { x: {} }, says: /^\/x is/ },
    { body: { x: null }, says: /^\/x is/ },
    { body: { x: ['a', 1, 2, 3] }, says: /\/x\/0/ },
    { body: { x: [1, 2, 3] }, says: /'x' has 3 elements, which do not fill the model's shape \[-1,4\]/ },
    { body: { x: [1, 2, 3, 4], other: {} }, says: /^\/parameters\/other is an object/ },
    { body: { x: [1, 2, 3, 4], other: [1] }, says: /^\/parameters\/other is an array/ },
    { body: { x: [1, 2, 3, 4], triton_x: 1 }, says: /^\/parameters\/triton_x is reserved/ },
    { body: { x: [1, 2, 3, 4], parameters: 1 }, says: /^\/parameters is/ },
    { body: { x: [1, 2, 3, 4], id: 1 }, says: /^\/id is 1/ },
    { body: [], says: /no object/ },
    { body: '{', says: /not valid JSON/ },
  ]
  for (const { body, says } of REFUSED) {
    for (const path of [PATH, `${PATH}_stream`]) {
      it(`refuses ${JSON.stringify(body)} at ${path}`, async () => {
        fixture.dataPlane.inputs = [{ name: 'x', dtype: 'FP32', shape: [-1, 4] }]
        const answer = await fixture.ask('POST', path, body)
        assert.equal(answer.status, 400)
        assert.match((answer.body as { error: string }).error, says)
        assert.deepEqual([fixture.dataPlane.payloads.length, fixture.dataPlane.cancelled], [0, 1])
      })
    }
  }

  it('takes the parameters of the protocol, nested or not', async () => {
    await fixture.ask('POST', PATH, { text_input: 'a', parameters: { priority: 2, a: 'b' }, timeout: 1000 })
    assert.deepEqual(
      fixture.dataPlane.runOptions.map(({ onPiece: _, ...said }) => said),
      [{ priority: 2, timeoutMs: 1, sequence: { start: false, end: false, explicit: true } }],
    )
  })

  it('answers the one piece of a handler that streams', async () => {
    streams('one')
    const answer = await fixture.ask('POST', PATH, { text_input: 'a' })
    assert.deepEqual(answer.body, { ...HEAD, answer: 'one' })
  })

  it('refuses a handler that answers in several pieces', async () => {
    streams('one', 'two')
    const answer = await fixture.ask('POST', PATH, { text_input: 'a' })
    assert.equal(answer.status, 400)
    assert.match((answer.body as { error: string }).error, /use generate_stream/)
  })

  it('streams an event for each piece', async () => {
    streams('Hel', '{"answer":"lo","done":true}')
    assert.deepEqual(await events(), [
      { ...HEAD, answer: 'Hel' },
      { ...HEAD, answer: 'lo', done: true },
    ])
  })

  it('streams one event of a model that does not stream', async () => {
    assert.deepEqual(await events({ id: 'a', text_input: 'x' }), [
      { id: 'a', ...HEAD, tokens: 3, answer: 'Hi' },
    ])
  })

  it('ends the stream with the error that came after an event', async () => {
    fixture.dataPlane.onRun = (_, __, onPiece) => {
      onPiece?.({ bytes: Buffer.from('one') })
      return Promise.reject(new ServingError('internal', 'it broke'))
    }
    assert.deepEqual(await events(), [{ ...HEAD, answer: 'one' }, { error: 'it broke' }])
  })

  const LOGGED = [
    { it: "logs it where it is the server's own", code: 'internal', logged: ['it broke'] },
    { it: 'logs nothing that a client may do', code: 'deadline_exceeded', logged: [] },
  ] as const
  for (const { it: claim, code, logged } of LOGGED) {
    it(`${claim} when the stream ends with an error`, async () => {
      fixture.dataPlane.onRun = (_, __, onPiece) => {
        onPiece?.({ bytes: Buffer.from('one') })
        return Promise.reject(new ServingError(code, 'it broke'))
      }
      await events()
      assert.deepEqual(
        fixture.http.failures.map(({ error }) => error.message),
        logged,
      )
    })
  }

  it('answers an error before the first event as an error', async () => {
    fixture.dataPlane.outcome = new ServingError('deadline_exceeded', 'too late')
    const answer = await fixture.ask('POST', `${PATH}_stream`, { text_input: 'a' })
    assert.deepEqual([answer.status, answer.body], [504, { error: 'too late' }])
  })

  it('cancels what nobody reads any more', async () => {
    const begun = new AbortController()
    const gone = new Promise<void>((resolve) => {
      fixture.dataPlane.onRun = async (_, { signal }, onPiece) => {
        onPiece?.({ bytes: Buffer.from('one') })
        begun.abort()
        await once(signal, 'abort')
        resolve()
        throw clientGone()
      }
    })
    const client = new AbortController()
    const response = await fetch(`${fixture.url}${PATH}_stream`, {
      method: 'POST',
      body: '{"text_input":"a"}',
      signal: client.signal,
    })
    assert.equal(response.status, 200)
    client.abort()
    await gone
    assert.ok(begun.signal.aborted)
  })
})
