import assert from 'node:assert/strict'
import { describeJsonProblem, parseJson } from '../../../worker/contract/json.ts'

describe('parseJson', () => {
  it('parses', () => assert.deepEqual(parseJson('{"x":[1,"é",null]}', 'the body'), { x: [1, 'é', null] }))

  const CASES = [
    { text: '', problem: 'it ends where value is expected' },
    { text: '[1,', problem: 'it ends where value is expected' },
    { text: '[1,]', problem: 'unexpected "]" at position 3 (line 1, column 4), expected value' },
    { text: '[1 2]', problem: 'unexpected "2" at position 3 (line 1, column 4), expected , or ]' },
    { text: '{"a":\n  tru}', problem: 'unexpected "t" at position 8 (line 2, column 3), expected value' },
    { text: '{"a" 1}', problem: 'unexpected "1" at position 5 (line 1, column 6), expected :' },
    { text: '{"a":1,}', problem: 'unexpected "}" at position 7 (line 1, column 8), expected key' },
    { text: '{a:1}', problem: 'unexpected "a" at position 1 (line 1, column 2), expected key or }' },
    { text: '{"a":{"b":[]}', problem: 'it ends where , or } is expected' },
    { text: '[] []', problem: 'unexpected "[" at position 3 (line 1, column 4), expected end' },
    { text: '[NaN]', problem: 'unexpected "N" at position 1 (line 1, column 2), expected value or ]' },
    { text: '["a\nb"]', problem: 'unexpected "\\"" at position 1 (line 1, column 2), expected value or ]' },
    { text: '[01]', problem: 'unexpected "1" at position 2 (line 1, column 3), expected , or ]' },
    { text: '{"a":1]', problem: 'unexpected "]" at position 6 (line 1, column 7), expected , or }' },
  ]
  for (const { text, problem } of CASES) {
    it(`names the place in ${JSON.stringify(text)}`, () => {
      assert.throws(() => parseJson(text, 'the body'), {
        code: 'invalid_argument',
        message: `the body is not valid JSON: ${problem}`,
      })
    })
  }

  it('finds the place below a hundred thousand arrays', () => {
    assert.equal(describeJsonProblem('['.repeat(100_000)), 'it ends where value or ] is expected')
  })

  it('finds nothing wrong in what the engine accepts', () => {
    const text = JSON.stringify({ a: [1, -2.5e-7, true, false, null, 'é"\\\n', {}, []], '': { b: [[[]]] } })
    assert.equal(describeJsonProblem(` ${text} `), 'it cannot be read')
  })
})
