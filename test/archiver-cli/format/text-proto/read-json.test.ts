import assert from 'node:assert/strict'
import fc from 'fast-check'
import { readJsonProto } from '../../../../archiver-cli/format/text-proto/read-json.ts'
import { readTextProto } from '../../../../archiver-cli/format/text-proto/read-message.ts'
import {
  bool,
  enumeration,
  int32,
  int64,
  mapOf,
  message,
  repeated,
  string,
} from '../../../../archiver-cli/format/text-proto/schema.ts'
import { ServingError } from '../../../../worker/contract/errors.ts'

const SCHEMA = message(
  {
    name: string,
    max_size: int32,
    dims: repeated(int64),
    is_on: bool,
    kind: enumeration('KIND_A', 'KIND_B'),
    labels: mapOf(string),
    inner: message({ depth: int32 }),
    left: message({}),
    right: message({}),
  },
  [['left', 'right']],
)

const read = (value: unknown) => readJsonProto(value, SCHEMA, 'the config')

describe('readJsonProto', () => {
  const READ = [
    { it: 'nothing', json: {}, value: {} },
    { it: 'names as they are defined', json: { max_size: 3 }, value: { max_size: 3 } },
    { it: 'names in camel case', json: { maxSize: 3, isOn: true }, value: { max_size: 3, is_on: true } },
    { it: 'null as nothing', json: { name: null }, value: {} },
    {
      it: 'integers as numbers and texts',
      json: { dims: [-1, '9223372036854775807'] },
      value: { dims: [-1, '9223372036854775807'] },
    },
    { it: 'an integer as bigint', json: { dims: [2n ** 62n] }, value: { dims: ['4611686018427387904'] } },
    { it: 'names of enumerations', json: { kind: 'KIND_B' }, value: { kind: 'KIND_B' } },
    { it: 'maps', json: { labels: { a: 'b' } }, value: { labels: { a: 'b' } } },
    { it: 'messages within', json: { inner: { depth: 1 } }, value: { inner: { depth: 1 } } },
  ]
  for (const { it: claim, json, value } of READ) {
    it(`reads ${claim}`, () => assert.deepEqual(read(json), value))
  }

  const REFUSED = [
    { it: 'a list', json: [], message: /^the config is \[\]; expected an object$/ },
    { it: 'an unknown field', json: { max_sise: 1 }, message: /'\/max_sise' .* did you mean 'max_size'/ },
    { it: 'a wrong type', json: { name: 1 }, message: /^'\/name' of the config is 1; expected a string/ },
    { it: 'a wrong element', json: { dims: [1, 1.5] }, message: /^'\/dims\/1' of the config is 1\.5/ },
    { it: 'a bigint for a text', json: { name: 2n ** 62n }, message: /'\/name' .* is 4611686018427387904/ },
    {
      it: 'a value of great depth',
      json: { name: JSON.parse('['.repeat(100_000) + ']'.repeat(100_000)) as unknown },
      message: /'\/name' of the config is a list of 1; expected a string/,
    },
    { it: 'a number out of range', json: { max_size: 2 ** 31 }, message: /'\/max_size'/ },
    { it: 'no list where there is one', json: { dims: 1 }, message: /'\/dims' .* expected a list/ },
    { it: 'no object where there is one', json: { inner: 1 }, message: /'\/inner' .* expected an object/ },
    { it: 'an unknown word', json: { kind: 'KIND_C' }, message: /'\/kind'/ },
    { it: 'two spellings', json: { is_on: true, isOn: true }, message: /'\/isOn' .* two spellings/ },
    { it: 'rivals', json: { left: {}, right: {} }, message: /'\/right' .* 'left' exclude each other/ },
    { it: 'a key to escape', json: { 'a/b~': 1 }, message: /'\/a~1b~0'/ },
    {
      it: 'a key of every object',
      json: JSON.parse('{"__proto__": 1}') as unknown,
      message: /'\/__proto__'/,
    },
  ]
  for (const { it: claim, json, message: expected } of REFUSED) {
    it(`refuses ${claim}`, () =>
      assert.throws(() => read(json), { code: 'invalid_argument', reason: 'json_proto', message: expected }))
  }

  it('gives what the text form gives', () => {
    const text = "name: 'x' max_size: 3 dims: [1, 2] labels { key: 'a' value: 'b' } inner { depth: 1 }"
    const json = { name: 'x', maxSize: 3, dims: [1, 2], labels: { a: 'b' }, inner: { depth: 1 } }
    assert.deepEqual(read(json), readTextProto(text, SCHEMA, 'text'))
  })

  it('throws nothing but its own error, whatever it is given', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (json) => {
        try {
          read(json)
        } catch (error) {
          return error instanceof ServingError && error.code === 'invalid_argument'
        }
        return true
      }),
    )
  })
})
