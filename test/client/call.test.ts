import assert from 'node:assert/strict'
import { callServer, type Call, type Surroundings } from '../../client/call.ts'

const CALL: Call = { method: 'POST', url: 'http://server/v2', body: '{}', timeoutMs: 10_000 }

/** A server with these answers in order, on a clock that sleeping moves. */
class FakeServer implements Surroundings {
  readonly requests: RequestInit[] = []
  readonly slept: number[] = []
  #now = 0
  readonly #answers: (() => Promise<Response>)[]

  constructor(...answers: (() => Promise<Response>)[]) {
    this.#answers = answers
  }

  readonly fetch = (_: string, init: RequestInit): Promise<Response> => {
    this.requests.push(init)
    return this.#answers.shift()?.() ?? Promise.reject(new Error('no more answers'))
  }

  readonly nowMs = () => this.#now
  readonly random = () => 0

  readonly sleep = (ms: number): Promise<void> => {
    this.slept.push(ms)
    this.#now += ms
    return Promise.resolve()
  }
}

const answering =
  (status: number, headers: Record<string, string> = {}, body = '') =>
  () =>
    Promise.resolve(new Response(body, { status, headers }))
const failing = () =>
  Promise.reject(new TypeError('fetch failed', { cause: new Error('connection refused') }))
const never = (signal: AbortSignal) => () =>
  new Promise<Response>((_, reject) => {
    signal.addEventListener('abort', () => {
      reject(signal.reason as Error)
    })
  })

describe('callServer', () => {
  it('answers what the server answers', async () => {
    const reply = await callServer(new FakeServer(answering(200, { a: 'b' }, 'hello')), CALL)
    assert.equal(reply.headers.get('a'), 'b')
    assert.equal(Buffer.from(reply.body).toString(), 'hello')
  })

  it('comes back when the server wants it', async () => {
    const server = new FakeServer(
      answering(503, { 'retry-after': '2' }),
      answering(429, { 'retry-after': '1' }),
      answering(200),
    )
    await callServer(server, CALL)
    assert.deepEqual(server.slept, [2000, 1000])
  })

  it('tells the server how much time is left', async () => {
    const server = new FakeServer(answering(503, { 'retry-after': '2' }), answering(200))
    await callServer(server, CALL)
    const told = server.requests.map(({ headers }) => new Headers(headers).get('x-timeout-ms'))
    assert.deepEqual(told, ['10000', '8000'])
  })

  it('comes back after a connection has failed', async () => {
    const server = new FakeServer(failing, answering(200))
    assert.equal((await callServer(server, CALL)).status, 200)
  })

  it('says why no answer came', () =>
    assert.rejects(callServer(new FakeServer(failing, failing, failing), CALL), {
      kind: 'network',
      message: 'no answer from http://server/v2: connection refused',
    }))

  it('does not run twice what must not', async () => {
    const server = new FakeServer(failing, answering(200))
    await assert.rejects(callServer(server, { ...CALL, isRepeatable: false }), { kind: 'network' })
    assert.equal(server.requests.length, 1)
  })

  it('sends again what has not run, even if it must not run twice', async () => {
    const server = new FakeServer(answering(429), answering(200))
    assert.equal((await callServer(server, { ...CALL, isRepeatable: false })).status, 200)
  })

  it('tries as often as it is told', async () => {
    const server = new FakeServer(answering(503), answering(503))
    await assert.rejects(callServer(server, { ...CALL, retries: 1 }), { kind: 'refused', status: 503 })
  })

  it("gives the server's own words", () =>
    assert.rejects(
      callServer(new FakeServer(answering(400, { 'x-request-id': 'r1' }, '{"error":"no such input"}')), CALL),
      { kind: 'refused', status: 400, message: 'no such input', requestId: 'r1', isRetryable: false },
    ))

  it('takes an accepted status as an answer', async () => {
    const reply = await callServer(new FakeServer(answering(503)), { ...CALL, accepts: [503] })
    assert.equal(reply.status, 503)
  })

  it('does not wait beyond its deadline', async () => {
    const server = new FakeServer(answering(503, { 'retry-after': '11' }))
    await assert.rejects(callServer(server, CALL), { status: 503, retryAfterMs: 11_000 })
  })

  it('ends with its caller', async () => {
    const caller = new AbortController()
    const server = new FakeServer()
    const fetch: Surroundings['fetch'] = (_, { signal }) => never(signal as AbortSignal)()
    const call = callServer({ ...server, fetch }, { ...CALL, signal: caller.signal })
    caller.abort('enough')
    await assert.rejects(call, { kind: 'aborted', cause: 'enough' })
  })

  it('does not start for a caller who has left', () =>
    assert.rejects(
      callServer(new FakeServer(() => Promise.reject(new Error('aborted'))), {
        ...CALL,
        signal: AbortSignal.abort(),
      }),
      { kind: 'aborted' },
    ))

  it('ends at its deadline', async () => {
    const fetch: Surroundings['fetch'] = (_, { signal }) => never(signal as AbortSignal)()
    await assert.rejects(callServer({ ...new FakeServer(), fetch }, { ...CALL, timeoutMs: 5 }), {
      kind: 'deadline',
      message: 'no answer within 5 ms',
    })
  })

  it('refuses a deadline that is none', () =>
    assert.rejects(callServer(new FakeServer(), { ...CALL, timeoutMs: 0 }), {
      kind: 'input',
      message: /timeoutMs is 0/,
    }))
})
