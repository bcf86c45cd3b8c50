import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { RequestPart } from '../../../worker/contract/messages.ts'
import { BatchMemberRequest } from '../../../worker/thread/handler-request.ts'
import { partsRequest, tensorsRequest } from '../../support/batch-requests.ts'

const part = (name: string, text: string, fileName?: string): RequestPart => ({
  name,
  bytes: Buffer.from(text),
  ...(fileName === undefined ? {} : { fileName }),
})
const requestOf = (...parts: readonly RequestPart[]) =>
  new BatchMemberRequest(partsRequest(parts), performance.now())

describe('BatchMemberRequest', () => {
  const BODIES = [
    { it: 'the part body', parts: [part('data', 'a'), part('body', 'b')], text: 'b' },
    { it: 'the part data when there is no body', parts: [part('other', 'a'), part('data', 'b')], text: 'b' },
    { it: 'the only part', parts: [part('image', 'a')], text: 'a' },
  ]
  for (const each of BODIES)
    it(`takes ${each.it} as its body`, () => assert.equal(requestOf(...each.parts).text(), each.text))

  const REFUSED = [
    {
      it: 'without parts',
      request: requestOf(),
      message: "the request has no part 'body' or 'data': it is empty",
    },
    {
      it: 'of several other parts',
      request: requestOf(part('a', ''), part('b', '')),
      message: "the request has no part 'body' or 'data': its parts are 'a', 'b'",
    },
  ]
  for (const { it: name, request, message } of REFUSED) {
    it(`has no body ${name}`, () =>
      assert.throws(() => request.body(), { code: 'invalid_argument', message }))
  }

  it('parses its body as JSON', () =>
    assert.deepEqual(requestOf(part('body', '{"a":[1]}')).json(), { a: [1] }))

  it('names the position of malformed JSON', () => {
    assert.throws(() => requestOf(part('body', '{"a" 1}')).json(), {
      code: 'invalid_argument',
      message: /position 5 \(line 1, column 6\)/,
    })
  })

  it('finds parts and files by name', () => {
    const request = requestOf(part('a', '1'), part('b', '2', 'b.png'), part('c', '3', 'c.png'))
    assert.equal(request.part('a')?.name, 'a')
    assert.equal(request.part('z'), undefined)
    assert.equal(request.file()?.name, 'b')
    assert.equal(request.file('c')?.fileName, 'c.png')
    assert.equal(request.file('a'), undefined)
  })

  it('has no parts when a dialect decoded tensors', () => {
    const tensors = [{ name: 'x', dtype: 'BOOL', shape: [1], data: Uint8Array.of(1) }] as const
    const request = new BatchMemberRequest(tensorsRequest(tensors), 0)
    assert.deepEqual(request.parts, [])
    assert.deepEqual(request.tensors, tensors)
  })

  it('counts its remaining time from the arrival of the batch', () => {
    const request = new BatchMemberRequest(
      { ...partsRequest([]), remainingMs: 500 },
      performance.now() - 1000,
    )
    assert.ok(request.remainingMs <= -500)
  })

  it('aborts its signal at the deadline', async () => {
    const request = new BatchMemberRequest({ ...partsRequest([]), remainingMs: 0 }, performance.now() - 1)
    const { signal } = request
    assert.equal(signal, request.signal)
    await once(signal, 'abort')
    assert.equal((signal.reason as Error).name, 'TimeoutError')
  })
})
