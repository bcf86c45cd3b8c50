import assert from 'node:assert/strict'
import fc from 'fast-check'
import { parseExactJson } from '../../../worker/contract/exact-json.ts'

const parse = (text: string) => parseExactJson(text, 'the body')

describe('parseExactJson', () => {
  const VALUES: { text: string; value: unknown }[] = [
    { text: '[1,-2.5,"é",null,true]', value: [1, -2.5, 'é', null, true] },
    { text: '9007199254740991', value: 9007199254740991 },
    { text: '[9007199254740993, -9007199254740993]', value: [9007199254740993n, -9007199254740993n] },
    { text: '{"a":\n18446744073709551615\t}', value: { a: 18446744073709551615n } },
    { text: '-9223372036854775808', value: -9223372036854775808n },
    { text: '1234567890123456.5', value: 1234567890123456.5 },
    { text: '9007199254740993e0', value: 9007199254740992 },
    { text: '[100000000000000000000000]', value: [1e23] },
    { text: '[NaN, Infinity, -Infinity]', value: [NaN, Infinity, -Infinity] },
    { text: '["NaN", 9007199254740993]', value: ['NaN', 9007199254740993n] },
    { text: '"a [9007199254740993 \\" \\\\"', value: 'a [9007199254740993 " \\' },
    { text: '{"a":1,"a":9007199254740993}', value: { a: 9007199254740993n } },
    { text: '1e0300', value: 1e300 },
    { text: '[[],{},9007199254740993]', value: [[], {}, 9007199254740993n] },
  ]
  for (const { text, value } of VALUES) {
    it(`reads ${JSON.stringify(text)}`, () => {
      assert.deepEqual(parse(text), value)
    })
  }

  it('takes __proto__ for a name like any other', () => {
    const object = parse('{"__proto__":9007199254740993}')
    assert.deepEqual(Object.entries(object as object), [['__proto__', 9007199254740993n]])
  })

  const REFUSED = [
    {
      text: '[9007199254740993,]',
      problem: 'unexpected "]" at position 18 (line 1, column 19), expected value',
    },
    {
      text: '{"a" 9007199254740993}',
      problem: 'unexpected "9" at position 5 (line 1, column 6), expected :',
    },
    { text: '{"a":9007199254740993', problem: 'it ends where , or } is expected' },
    {
      text: '{9007199254740993:1}',
      problem: 'unexpected "9" at position 1 (line 1, column 2), expected key or }',
    },
    {
      text: '[09007199254740993]',
      problem: 'unexpected "9" at position 2 (line 1, column 3), expected , or ]',
    },
    { text: '[NaN, nan]', problem: 'unexpected "n" at position 6 (line 1, column 7), expected value' },
    { text: '[NaN]]', problem: 'unexpected "]" at position 5 (line 1, column 6), expected end' },
    { text: '["NaN', problem: 'unexpected "\\"" at position 1 (line 1, column 2), expected value or ]' },
    {
      text: '["\n", NaN]',
      problem: 'unexpected "\\"" at position 1 (line 1, column 2), expected value or ]',
    },
    { text: '[NaN\v]', problem: 'unexpected "\\u000b" at position 4 (line 1, column 5), expected , or ]' },
    { text: '[1e999]', problem: 'a number in it is beyond ±1.8e308' },
    { text: '', problem: 'it ends where value is expected' },
  ]
  for (const { text, problem } of REFUSED) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(() => parse(text), {
        code: 'invalid_argument',
        message: `the body is not valid JSON: ${problem}`,
      })
    })
  }

  it('refuses a hundred thousand lists around a token', () => {
    assert.throws(() => parse(`${'['.repeat(100_000)}NaN${']'.repeat(100_000)}`), {
      code: 'invalid_argument',
      message: 'the body is not valid JSON: it is nested deeper than 500',
    })
  })

  it('names the place behind 16 MB of escapes', () => {
    assert.throws(() => parse(`["${'\\n'.repeat(8_000_000)}" NaN]`), {
      code: 'invalid_argument',
      message: /position 16000004/,
    })
  })

  it('agrees with JSON.parse wherever that is exact', () => {
    // A long integer in front makes it read the text itself.
    const withLong = fc.json().map((text) => `[9007199254740993,${text}]`)
    fc.assert(
      fc.property(withLong, (text) => {
        const [, value] = parse(text) as unknown[]
        const [, expected] = JSON.parse(text) as unknown[]
        assert.equal(JSON.stringify(value, rounded), JSON.stringify(expected))
      }),
    )
  })

  it('keeps every 64-bit integer', () => {
    fc.assert(
      fc.property(fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n })), (integers) => {
        assert.deepEqual((parse(`[${integers.join(', ')}]`) as (number | bigint)[]).map(BigInt), integers)
      }),
    )
  })

  it('parses or refuses whatever text comes', () => {
    const pieces = fc.constantFrom(
      '[',
      ']',
      '{',
      '}',
      ',',
      ':',
      '"',
      '\\',
      '9007199254740993',
      'NaN',
      '-',
      '1e400',
      ' ',
      'a',
    )
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (text) => {
        const outcome = outcomeOf(() => parse(text.join('')))
        assert.ok(outcome === 'value' || outcome === 'invalid_argument', outcome)
      }),
      { numRuns: 2000 },
    )
  })
})

function rounded(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? Number(value) : value
}

function outcomeOf(call: () => unknown): string {
  try {
    call()
    return 'value'
  } catch (error) {
    return (error as { code?: string }).code ?? String(error)
  }
}
