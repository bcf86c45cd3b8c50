import assert from 'node:assert/strict'
import { readTextProto } from '../../../../archiver-cli/format/text-proto/read-message.ts'
import {
  bool,
  double,
  enumeration,
  int32,
  int64,
  mapOf,
  message,
  repeated,
  string,
  uint64,
  type ProtoValue,
} from '../../../../archiver-cli/format/text-proto/schema.ts'

const MODEL = message(
  {
    name: string,
    count: int32,
    dims: repeated(int64),
    big: uint64,
    ready: bool,
    ratio: double,
    kind: enumeration('KIND_AUTO', 'KIND_GPU'),
    steps: repeated(message({ value: int32 })),
    labels: mapOf(string),
    nested: mapOf(message({ level: int32 })),
    latest: message({ number: int32 }),
    all: message({}),
  },
  [['latest', 'all']],
)

describe('readTextProto', () => {
  const READ: readonly { readonly text: string; readonly value: ProtoValue<typeof MODEL> }[] = [
    { text: '', value: {} },
    { text: 'name: "a" count: -3', value: { name: 'a', count: -3 } },
    { text: 'dims: [1, -1] dims: 2', value: { dims: [1, -1, 2] } },
    { text: 'dims: []', value: { dims: [] } },
    {
      text: 'dims: 9223372036854775807 big: 18446744073709551615',
      value: { dims: ['9223372036854775807'], big: '18446744073709551615' },
    },
    { text: 'count: 0x1F big: 017', value: { count: 31, big: 15 } },
    { text: 'ready: true', value: { ready: true } },
    { text: 'ready: 0', value: { ready: false } },
    { text: 'ratio: 1.5f', value: { ratio: 1.5 } },
    { text: 'ratio: -inf', value: { ratio: -Infinity } },
    { text: 'kind: KIND_GPU', value: { kind: 'KIND_GPU' } },
    { text: 'kind: 1', value: { kind: 'KIND_GPU' } },
    {
      text: 'steps { value: 1 } steps [{ value: 2 }, {}]',
      value: { steps: [{ value: 1 }, { value: 2 }, {}] },
    },
    {
      text: 'labels { key: "a" value: "1" } labels: { key: "b", value: "2" }',
      value: { labels: { a: '1', b: '2' } },
    },
    { text: 'labels [{ key: "a" value: "1" }]', value: { labels: { a: '1' } } },
    { text: 'nested { key: "a" value { level: 2 } }', value: { nested: { a: { level: 2 } } } },
    { text: 'all {}', value: { all: {} } },
  ]
  for (const { text, value } of READ) {
    it(`reads ${JSON.stringify(text)}`, () => assert.deepEqual(readTextProto(text, MODEL, 'test'), value))
  }

  const REFUSED = [
    { text: '\n nam: "a"', message: "test:2:2: there is no field 'nam' here; did you mean 'name'?" },
    { text: 'all { x: 1 }', message: "test:1:7: there is no field 'x' here" },
    { text: 'steps { x: 1 }', message: "test:1:9: there is no field 'x' here; known are value" },
    { text: 'constructor: 1', message: /there is no field 'constructor' here/ },
    { text: 'name: a', message: `test:1:7: 'name' is "a"; expected a string in quotes` },
    {
      text: 'count: 2147483648',
      message: /'count' is "2147483648"; expected an integer from -2147483648 to 2147483647/,
    },
    { text: 'count: 1.0', message: /'count' is "1.0"; expected an integer/ },
    { text: 'count: 08', message: /'count' is "08"; expected an integer/ },
    { text: 'big: -1', message: /expected an integer from 0 to 18446744073709551615/ },
    { text: 'ready: "true"', message: /'ready' is "true"; expected true or false/ },
    { text: 'ratio: 0x', message: /'0x' is not a number/ },
    { text: 'kind: KIND_TPU', message: /'kind' is "KIND_TPU"; expected one of KIND_AUTO, KIND_GPU/ },
    { text: 'name: "a" name: "b"', message: "test:1:11: 'name' is given twice; keep one" },
    { text: 'name: ["a"] count: [1, 2]', message: "test:1:13: 'count' takes one value, not a list" },
    { text: 'steps: 1', message: "test:1:8: 'steps' is a message; write steps { … }" },
    { text: 'name { }', message: "test:1:6: 'name' is no message; expected a string in quotes" },
    { text: 'labels: "a"', message: /'labels' takes entries of the form { key: … value: … }/ },
    { text: 'labels { key: "a" }', message: /an entry of 'labels' needs one key, in quotes, and one value/ },
    { text: 'labels { key: a value: "b" }', message: /needs one key, in quotes, and one value/ },
    { text: 'labels { key: "a" value: "b" more: 1 }', message: /has a key and a value, no 'more'/ },
    { text: 'labels { key: "__proto__" value: "b" }', message: /has the key '__proto__'/ },
    {
      text: 'all {} latest { number: 1 }',
      message: "test:1:8: 'latest' and 'all' exclude each other; keep one",
    },
  ]
  for (const { text, message } of REFUSED) {
    it(`refuses ${JSON.stringify(text)}`, () =>
      assert.throws(() => readTextProto(text, MODEL, 'test'), {
        code: 'invalid_argument',
        reason: 'text_proto',
        message,
      }))
  }
})
