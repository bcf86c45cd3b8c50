import assert from 'node:assert/strict'
import type { BatchRequest, RequestPart } from '../../../worker/contract/messages.ts'
import { answersOf, bodyRequest, partsRequest } from '../../support/batch-requests.ts'
import { LoadedInstance } from '../../support/loaded-instance.ts'
import { identity, stringIdentity, twoInputAdd } from '../../support/models.ts'

const fields = (values: Readonly<Record<string, string>>): RequestPart[] =>
  Object.entries(values).map(([name, text]) => ({ name, bytes: Buffer.from(text) }))

describe('the tensor handler', () => {
  const worker = new LoadedInstance()
  afterEach(() => worker.release())

  const answerOf = async (model: Uint8Array, request: BatchRequest) => {
    const { instance } = await worker.load({ 'model.onnx': model })
    const [answer] = answersOf(await instance.run([request]))
    return answer
  }

  const ADD = twoInputAdd()
  const ANSWERED = [
    { it: 'rows by input name', model: ADD, body: { a: [[1, 2]], b: [[3, 4]] }, answer: { sum: [[4, 6]] } },
    {
      it: 'single rows with a single row',
      model: ADD,
      body: { a: [1, 2], b: [3, 4] },
      answer: { sum: [4, 6] },
    },
    {
      it: 'a single row beside a list of one with a list',
      model: ADD,
      body: { a: [1, 2], b: [[3, 4]] },
      answer: { sum: [[4, 6]] },
    },
    {
      it: 'bare rows for the only input',
      model: identity('FP32'),
      body: [
        [1, 2],
        [3, 4],
      ],
      answer: {
        y: [
          [1, 2],
          [3, 4],
        ],
      },
    },
    { it: 'a bare single row', model: identity('FP32'), body: [1, 2], answer: { y: [1, 2] } },
    { it: 'a bare scalar row', model: identity('FP32', ['batch']), body: 5, answer: { y: 5 } },
    { it: 'strings', model: stringIdentity(), body: { x: ['a', 'é'] }, answer: { y: ['a', 'é'] } },
    { it: 'a bare string', model: stringIdentity(), body: JSON.stringify('a'), answer: { y: 'a' } },
    {
      it: 'half-precision numbers',
      model: identity('FP16'),
      body: [[0.5, 'NaN']],
      answer: { y: [[0.5, 'NaN']] },
    },
    {
      it: 'exact 64-bit integers',
      model: identity('INT64'),
      body: [['9007199254740993', -1]],
      answer: { y: [['9007199254740993', -1]] },
    },
  ]
  for (const { it: name, model, body, answer } of ANSWERED) {
    it(`answers ${name}`, async () => assert.deepEqual(await answerOf(model, bodyRequest(body)), answer))
  }

  it('takes a form field for each input', async () => {
    const request = partsRequest(fields({ a: '[[1,2]]', b: '[[3,4]]' }))
    assert.deepEqual(await answerOf(ADD, request), { sum: [[4, 6]] })
  })

  it('takes the only input from a part of its name, and a body from the part data', async () => {
    assert.deepEqual(await answerOf(identity('FP32'), partsRequest(fields({ x: '[[1,2]]' }))), {
      y: [[1, 2]],
    })
    assert.deepEqual(await answerOf(identity('FP32'), partsRequest(fields({ data: '{"x":[[1,2]]}' }))), {
      y: [[1, 2]],
    })
  })

  const REFUSED = [
    {
      it: 'a missing input',
      request: bodyRequest({ a: [[1, 2]] }),
      message: "input 'b' is missing, model expects FP32 [batch,2]",
    },
    {
      it: 'an unknown name, before the one that is missing for it',
      request: bodyRequest({ a: [[1, 2]], B: [[1, 2]] }),
      message: "unknown input 'B', the model expects 'a', 'b'; did you mean 'b'?",
    },
    {
      it: 'a superfluous name',
      request: bodyRequest({ a: [[1, 2]], b: [[1, 2]], parameters: {} }),
      message: "unknown input 'parameters', the model expects 'a', 'b'",
    },
    {
      it: 'a bare array for several inputs',
      request: bodyRequest([[1, 2]]),
      message: 'the body must be a JSON object of the inputs: {"a": …, "b": …}',
    },
    {
      it: 'an unknown field',
      request: partsRequest(fields({ a: '[[1,2]]', b: '[[3,4]]', c: '1' })),
      message: "unknown input 'c', the model expects 'a', 'b'",
    },
    {
      it: 'a field that is not JSON',
      request: partsRequest(fields({ a: '[[1,2]]', b: 'hello' })),
      message:
        'the field \'b\' is not valid JSON: unexpected "h" at position 0 (line 1, column 1), expected value',
    },
    {
      it: 'inherited members of the JSON object',
      request: bodyRequest({ a: [[1, 2]], __proto__: { b: [[1, 2]] } }),
      message: "input 'b' is missing, model expects FP32 [batch,2]",
    },
    {
      it: 'different rows',
      request: bodyRequest({
        a: [[1, 2]],
        b: [
          [3, 4],
          [5, 6],
        ],
      }),
      message: "input 'b' has 'batch' 2, but input 'a' has 1; they must be equal",
    },
    {
      it: 'no parts',
      request: partsRequest([]),
      message: "input 'a' is missing, model expects FP32 [batch,2]",
    },
  ]
  for (const { it: name, request, message } of REFUSED) {
    it(`refuses ${name}`, async () => {
      assert.equal(await answerOf(ADD, request), `invalid_argument: ${message}`)
    })
  }
})
