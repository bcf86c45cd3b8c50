import assert from 'node:assert/strict'
import iris from '../../examples/iris/handler.ts'
import { BatchMemberRequest } from '../../worker/thread/handler-request.ts'

const FLOWER = { sepalLengthCm: 5, sepalWidthCm: 2.3, petalLengthCm: 3.3, petalWidthCm: 1 }

/** The handler's only use of the context is its configuration. */
const CONTEXT = { config: { classes: ['setosa', 'versicolor', 'virginica'] } } as unknown as Parameters<
  NonNullable<typeof iris.preprocess>
>[1]

function requestOf(body: string): BatchMemberRequest {
  const payload = { kind: 'parts', parts: [{ name: 'body', bytes: Buffer.from(body) }] } as const
  return new BatchMemberRequest({ id: 'a', headers: {}, remainingMs: 1000, payload }, performance.now())
}

const preprocess = (body: string) => iris.preprocess?.(requestOf(body), CONTEXT)

describe('the iris handler', () => {
  it('orders named fields as the columns of the model, whatever their order', () => {
    const reversed = Object.fromEntries(Object.entries(FLOWER).reverse())
    assert.deepEqual(preprocess(JSON.stringify(reversed)), [
      { name: 'measurements', dtype: 'FP32', shape: [1, 4], data: Float32Array.of(5, 2.3, 3.3, 1) },
    ])
  })

  const BAD: { it: string; body: string; message: RegExp }[] = [
    { it: 'a bare row', body: '[5, 2.3, 3.3, 1]', message: /must be a JSON object with sepalLengthCm, / },
    { it: 'null', body: 'null', message: /must be a JSON object/ },
    {
      it: 'a missing field',
      body: JSON.stringify({ ...FLOWER, petalWidthCm: undefined }),
      message: /^'petalWidthCm' is missing; expected a finite number$/,
    },
    {
      it: 'a number in quotes',
      body: JSON.stringify({ ...FLOWER, sepalWidthCm: '2.3' }),
      message: /^'sepalWidthCm' is "2.3"; expected a finite number$/,
    },
    { it: 'broken JSON', body: '{"sepalLengthCm": 5,', message: /JSON/ },
  ]
  for (const { it: name, body, message } of BAD) {
    it(`refuses ${name}`, () => assert.throws(() => preprocess(body), { code: 'invalid_argument', message }))
  }

  it('names the most probable class', () => {
    const data = Float32Array.of(0.25, 0.125, 0.625)
    const probabilities = { name: 'probabilities', dtype: 'FP32', shape: [1, 3], data } as const
    assert.deepEqual(iris.postprocess?.({ probabilities }, requestOf('{}'), CONTEXT), {
      class: 'virginica',
      probabilities: { setosa: 0.25, versicolor: 0.125, virginica: 0.625 },
    })
  })

  it('fails to load without its class names', () => {
    assert.throws(() => iris.initialize?.({ ...CONTEXT, config: {} }), { code: 'invalid_argument' })
  })
})
