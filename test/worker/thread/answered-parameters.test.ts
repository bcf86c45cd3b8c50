import assert from 'node:assert/strict'
import { checkParameters } from '../../../worker/thread/answered-parameters.ts'

describe('checkParameters', () => {
  it('keeps strings, finite numbers and booleans', () => {
    const parameters = { s: 'è', n: -0.5, b: false }
    assert.deepEqual(checkParameters(parameters), parameters)
  })

  it('writes big integers as numbers where a double holds them, else as their digits', () => {
    assert.deepEqual(checkParameters({ small: 7n, big: 2n ** 63n }), { small: 7, big: '9223372036854775808' })
  })

  const REFUSED = [
    { given: null, message: 'the handler set response parameters that are no object' },
    { given: [1], message: 'the handler set response parameters that are no object' },
    {
      given: { a: NaN },
      message:
        "the handler set response parameters of which 'a' is NaN, expected is a string, a finite number or a boolean",
    },
    {
      given: { a: 1, b: { c: 1 } },
      message:
        "the handler set response parameters of which 'b' is a object, expected is a string, a finite number or a boolean",
    },
    {
      given: { a: null },
      message:
        "the handler set response parameters of which 'a' is a null, expected is a string, a finite number or a boolean",
    },
  ]
  for (const { given, message } of REFUSED) {
    it(`refuses ${String(JSON.stringify(given))}`, () => {
      assert.throws(() => checkParameters(given), { code: 'internal', message })
    })
  }
})
