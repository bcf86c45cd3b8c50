import assert from 'node:assert/strict'
import fc from 'fast-check'
import { parseTextProto, type TextValue } from '../../../../archiver-cli/format/text-proto/parse.ts'
import { ServingError } from '../../../../worker/contract/errors.ts'

/** The tree without positions: each field's name with its values. */
function shapeOf(text: string): unknown {
  const valueOf = (value: TextValue): unknown =>
    value.kind === 'message'
      ? value.fields.map(({ name, values }) => [name, ...values.map(valueOf)])
      : `${value.kind} ${value.text}`
  return parseTextProto(text, 'test').map(({ name, values }) => [name, ...values.map(valueOf)])
}

describe('parseTextProto', () => {
  const READ = [
    { text: '', tree: [] },
    { text: ' # nothing\n', tree: [] },
    { text: 'a: 1', tree: [['a', 'number 1']] },
    { text: 'a:-1', tree: [['a', 'number -1']] },
    { text: 'a: - inf', tree: [['a', 'number -inf']] },
    { text: 'kind: KIND_CPU', tree: [['kind', 'name KIND_CPU']] },
    { text: 'a: "x" \'y\'\n  "z"', tree: [['a', 'string xyz']] },
    { text: String.raw`a: "\n\t\"\'\\\101\x41\u00e9\U0001F600"`, tree: [['a', 'string \n\t"\'\\AAé😀']] },
    { text: String.raw`a: "\303\251\xc3\xa9"`, tree: [['a', 'string éé']] },
    { text: 'a: "é#{}"', tree: [['a', 'string é#{}']] },
    { text: 'm { a: 1 }', tree: [['m', [['a', 'number 1']]]] },
    { text: 'm: { a: 1 }', tree: [['m', [['a', 'number 1']]]] },
    { text: 'm < a: 1 >', tree: [['m', [['a', 'number 1']]]] },
    { text: 'm {}', tree: [['m', []]] },
    { text: 'm [{ a: 1 }, { a: 2 }]', tree: [['m', [['a', 'number 1']], [['a', 'number 2']]]] },
    { text: 'm: [<>, {}]', tree: [['m', [], []]] },
    { text: 'd: [1, -1]', tree: [['d', 'number 1', 'number -1']] },
    { text: 'd: []', tree: [['d']] },
    {
      text: 'd: 1 d: 2',
      tree: [
        ['d', 'number 1'],
        ['d', 'number 2'],
      ],
    },
    {
      text: 'a: 1, b: 2; c: 3',
      tree: [
        ['a', 'number 1'],
        ['b', 'number 2'],
        ['c', 'number 3'],
      ],
    },
    {
      text: 'a: 1 # x { " \nb: 2',
      tree: [
        ['a', 'number 1'],
        ['b', 'number 2'],
      ],
    },
    {
      text: '[type.googleapis.com/a-b.C] { x: 1 }',
      tree: [['[type.googleapis.com/a-b.C]', [['x', 'number 1']]]],
    },
    {
      text: '\ufeffa: 1\r\nb: 2',
      tree: [
        ['a', 'number 1'],
        ['b', 'number 2'],
      ],
    },
    { text: "a: ['x' 'y', \"z\"]", tree: [['a', 'string xy', 'string z']] },
  ]
  for (const { text, tree } of READ) {
    it(`reads ${JSON.stringify(text)}`, () => assert.deepEqual(shapeOf(text), tree))
  }

  it('keeps numbers as they are written', () =>
    assert.deepEqual(shapeOf('a: [0x1F, 017, 1.5e-3f, .5, 2., 9223372036854775807]'), [
      [
        'a',
        'number 0x1F',
        'number 017',
        'number 1.5e-3f',
        'number .5',
        'number 2.',
        'number 9223372036854775807',
      ],
    ]))

  it('says where each field and value starts', () => {
    const [, field] = parseTextProto('a: 1\n  b:  "x" ', 'test')
    assert.deepEqual(field, {
      name: 'b',
      line: 2,
      column: 3,
      values: [{ kind: 'string', text: 'x', line: 2, column: 7 }],
    })
  })

  const REFUSED = [
    { text: 'a', message: "test:1:2: expected ':' or '{' after 'a', found the end of the text" },
    { text: 'a 1', message: "test:1:3: expected ':' or '{' after 'a', found \"1\"" },
    { text: 'a:\n\n  }', message: 'test:3:3: expected a value, found "}"' },
    { text: 'a [1]', message: "test:1:4: expected ':' before the value of 'a'" },
    {
      text: 'm {\n a: 1',
      message: "test:2:6: expected the name of a field, or '}', found the end of the text",
    },
    { text: 'm { a: 1 >', message: 'test:1:10: expected the name of a field, or \'}\', found ">"' },
    { text: '}', message: 'test:1:1: expected the name of a field, found "}"' },
    { text: 'a: [1 2]', message: "test:1:7: expected ',' or ']', found \"2\"" },
    { text: 'a: [1,]', message: 'test:1:7: expected a value, found "]"' },
    { text: 'a: "x\n"', message: 'test:1:4: a string does not end on its line' },
    { text: "a: 'x", message: 'test:1:4: a string does not end on its line' },
    { text: 'a: 12abc', message: "test:1:4: '12abc' is not a number" },
    { text: 'a: -b', message: 'test:1:5: expected a number after \'-\', found "b"' },
    { text: 'a: @', message: 'test:1:4: "@" starts nothing here' },
    {
      text: String.raw`a: "\q"`,
      message: String.raw`test:1:4: a string has the escape "\\q", which is none`,
    },
    {
      text: String.raw`a: "\777"`,
      message: String.raw`test:1:4: a string has the escape "\\777", which is none`,
    },
    {
      text: String.raw`a: "\ud800"`,
      message: String.raw`test:1:4: a string has the escape "\\ud800", which is none`,
    },
    { text: String.raw`a: "\xff"`, message: 'test:1:4: the escapes of a string are not UTF-8' },
    { text: '[] { }', message: 'test:1:2: expected a name after \'[\', found "]"' },
    { text: 'a: 1,, b: 2', message: 'test:1:6: expected the name of a field, found ","' },
  ]
  for (const { text, message } of REFUSED) {
    it(`refuses ${JSON.stringify(text)}`, () =>
      assert.throws(() => parseTextProto(text, 'test'), {
        code: 'invalid_argument',
        reason: 'text_proto',
        message,
      }))
  }

  it('refuses messages nested deeper than 64, however many', () => {
    assert.doesNotThrow(() => parseTextProto(`${'m {'.repeat(64)}${'}'.repeat(64)}`, 'test'))
    assert.throws(
      () => parseTextProto('m {'.repeat(300_000), 'test'),
      /test:1:195: messages are nested deeper than 64/,
    )
  })

  it('refuses a text of more than 1 MiB', () =>
    assert.throws(
      () => parseTextProto(' '.repeat(1024 * 1024 + 1), 'test'),
      /1048577 characters; allowed are 1048576/,
    ))

  const LARGE = [
    { what: 'one string', text: `a: "${'x'.repeat(1_000_000)}"` },
    { what: 'one string of escapes', text: `a: "${'\\n'.repeat(500_000)}"` },
    { what: 'blanks and comments', text: '# x\n\t '.repeat(170_000) },
    { what: 'one number', text: `a: ${'1'.repeat(1_000_000)}` },
    { what: 'a list', text: `a: [${'1,'.repeat(100_000)}1]` },
    { what: 'string pieces', text: `a: ${'""'.repeat(100_000)}` },
  ]
  for (const { what, text } of LARGE) {
    it(`reads much of a kind: ${what}`, () => assert.ok(parseTextProto(text, 'test').length <= 1))
  }

  it('throws nothing but its own error, whatever the text', () => {
    const piece = fc.constantFrom(
      'a',
      ':',
      '{',
      '}',
      '<',
      '>',
      '[',
      ']',
      ',',
      '"',
      "'",
      '\\',
      '#',
      '\n',
      '-',
      '1',
      '.',
      '/',
    )
    const text = fc.oneof(
      fc.string(),
      fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join('')),
    )
    fc.assert(
      fc.property(text, (input) => {
        const error = errorOf(() => parseTextProto(input, 'test'))
        return error === undefined || (error instanceof ServingError && error.code === 'invalid_argument')
      }),
      { numRuns: 2000 },
    )
  })
})

function errorOf(action: () => unknown): unknown {
  try {
    action()
    return undefined
  } catch (error) {
    return error
  }
}
