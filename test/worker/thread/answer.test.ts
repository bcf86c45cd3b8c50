import assert from 'node:assert/strict'
import type { ResponseControl } from '../../../worker/handler.ts'
import { responseFromAnswer } from '../../../worker/thread/answer.ts'

const tensor = { name: 'y', dtype: 'FP32', shape: [1], data: Float32Array.of(1) }

describe('responseFromAnswer', () => {
  const BYTES = [
    { it: 'bytes', answer: Uint8Array.of(97), type: 'application/octet-stream', text: 'a' },
    { it: 'a string', answer: 'é', type: 'text/plain; charset=utf-8', text: 'é' },
    { it: 'an object', answer: { a: [1, null] }, type: 'application/json', text: '{"a":[1,null]}' },
    { it: 'an array', answer: [1, 'a'], type: 'application/json', text: '[1,"a"]' },
    { it: 'an empty array', answer: [], type: 'application/json', text: '[]' },
    { it: 'null', answer: null, type: 'application/json', text: 'null' },
    { it: 'a number', answer: 1.5, type: 'application/json', text: '1.5' },
    {
      it: 'typed arrays',
      answer: { scores: Float32Array.of(0.5, 0.25), counts: BigInt64Array.of(7n) },
      type: 'application/json',
      text: '{"scores":[0.5,0.25],"counts":[7]}',
    },
    {
      it: 'integers of any size',
      answer: [5n, 2n ** 60n],
      type: 'application/json',
      text: '[5,"1152921504606846976"]',
    },
    {
      it: 'an object that only resembles a tensor',
      answer: [{ ...tensor, data: [1] }],
      type: 'application/json',
      text: '[{"name":"y","dtype":"FP32","shape":[1],"data":[1]}]',
    },
  ]
  for (const { it: name, answer, type, text } of BYTES) {
    it(`sends ${name} as ${type}`, () => {
      const { payload } = responseFromAnswer(answer, { headers: {} })
      assert.ok(payload.kind === 'bytes')
      assert.equal(payload.contentType, type)
      assert.equal(Buffer.from(payload.bytes).toString(), text)
    })
  }

  it('leaves tensors to the dialect', () => {
    assert.deepEqual(responseFromAnswer([tensor], { headers: {} }).payload, {
      kind: 'tensors',
      tensors: [tensor],
    })
  })

  it('takes over status, headers and content type', () => {
    const control: ResponseControl = { status: 202, contentType: 'text/csv', headers: { 'x-rows': '1' } }
    assert.deepEqual(responseFromAnswer('1,2', control), {
      status: 202,
      headers: { 'x-rows': '1' },
      payload: { kind: 'bytes', contentType: 'text/csv', bytes: Buffer.from('1,2') },
    })
  })

  const dims = (...shape: unknown[]) => [{ ...tensor, shape }]
  const strings = (...data: unknown[]) => [{ ...tensor, dtype: 'BYTES', shape: [data.length], data }]
  const BROKEN_TENSORS = [
    {
      it: 'of another type',
      answer: [{ ...tensor, data: Float64Array.of(1) }],
      message: /'y', whose data is a Float64Array, FP32 expects a Float32Array/,
    },
    {
      it: 'seen as bytes',
      answer: [{ ...tensor, data: new DataView(new ArrayBuffer(4)) }],
      message: /a DataView, FP32/,
    },
    {
      it: 'behind a whole one',
      answer: [tensor, { ...tensor, name: 'z', shape: [2] }],
      message: /'z', which has 1 elements, its shape \[2\] needs 2/,
    },
    {
      it: 'of a negative dimension',
      answer: dims(-1, -1),
      message: /'y', whose shape is \[-1,-1\], expected are non-negative integers/,
    },
    { it: 'of a fractional dimension', answer: dims(0.5, 2), message: /whose shape is \[0\.5,2\]/ },
    { it: 'of a big integer dimension', answer: dims(1n), message: /whose shape is \[1\]/ },
    {
      it: 'with a hole in its shape',
      answer: [{ ...tensor, shape: new Array<number>(1) }],
      message: /whose shape is \[\]/,
    },
    {
      it: 'of strings with one undefined',
      answer: strings('a', undefined),
      message: /'y', whose element 1 is no string/,
    },
    {
      it: 'of strings with a hole',
      answer: [{ ...strings('a')[0], data: new Array<string>(1) }],
      message: /whose element 0 is no string/,
    },
    { it: 'without a name', answer: [{ ...tensor, name: 5 }], message: /'5', whose name is a number/ },
  ]
  for (const { it: name, answer, message } of BROKEN_TENSORS) {
    it(`refuses a tensor ${name}`, () => {
      assert.throws(() => responseFromAnswer(answer, { headers: {} }), { code: 'internal', message })
    })
  }

  const REFUSED: { it: string; answer: unknown; control?: ResponseControl; message: RegExp }[] = [
    { it: 'undefined', answer: undefined, message: /answered undefined/ },
    { it: 'a function', answer: () => 1, message: /answered a function/ },
    {
      it: 'a status that does not exist',
      answer: 1,
      control: { status: 99, headers: {} },
      message: /set status 99/,
    },
    {
      it: 'a header with a line break',
      answer: 1,
      control: { headers: { 'x-a': '1\r\nset-cookie: a' } },
      message: /impossible header/,
    },
    {
      it: 'a content type with a line break',
      answer: 1,
      control: { contentType: 'a\nb', headers: {} },
      message: /impossible header/,
    },
    {
      it: 'a header name with a blank',
      answer: 1,
      control: { headers: { 'a b': '1' } },
      message: /impossible header/,
    },
  ]
  for (const { it: name, answer, control = { headers: {} }, message } of REFUSED) {
    it(`refuses ${name}`, () => {
      assert.throws(() => responseFromAnswer(answer, control), { code: 'internal', message })
    })
  }
})
