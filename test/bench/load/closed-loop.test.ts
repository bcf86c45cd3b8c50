import assert from 'node:assert/strict'
import type { LoadJob, LoadResult } from '../../../bench/load/job.ts'
import { runJob } from '../../../bench/load/run-job.ts'
import { AnsweringSocket } from '../../support/answering-socket.ts'

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'
const NEVER = new Promise<void>(() => {})

describe('closed loop', () => {
  let server: AnsweringSocket | undefined
  afterEach(() => server?.close())

  const run = (port: number, changes: Partial<LoadJob> = {}): Promise<LoadResult> =>
    runJob(
      {
        port,
        requests: [{ path: '/predictions/a', body: '{}' }],
        loop: { kind: 'closed', connections: 2 },
        warmUpMs: 20,
        measureMs: 50,
        ...changes,
      },
      { onMeasuring: () => {}, stopped: NEVER },
    )

  it('counts answers that arrive in pieces', async () => {
    server = await AnsweringSocket.start((socket) => {
      for (const piece of ['HTTP/1.1 200 OK\r\nContent-', 'Length: 4\r\n\r\nab', 'cd'])
        setImmediate(() => socket.write(piece))
    })
    const result = await run(server.port)
    assert.ok(result.requests > 2)
    assert.equal(result.accepted.count, result.requests)
    assert.deepEqual(result.statuses, { 200: result.requests })
    assert.ok(result.accepted.p50Ms > 0 && result.accepted.p50Ms <= result.accepted.maxMs)
    assert.deepEqual([result.refused.count, result.broken, server.connections], [0, 0, 2])
  })

  it('keeps refusals apart, and the start of the first', async () => {
    server = await AnsweringSocket.start((socket, count) =>
      socket.write(
        count % 2 === 0 ? OK : 'HTTP/1.1 503 Service Unavailable\r\ncontent-length: 4\r\n\r\nbusy',
      ),
    )
    const result = await run(server.port)
    assert.ok(result.accepted.count > 0 && result.refused.count > 0)
    assert.equal(result.accepted.count + result.refused.count, result.requests)
    assert.match(result.firstRefusal ?? '', /^HTTP\/1\.1 503 .*busy$/s)
  })

  it('opens another connection when the server closes one after its answer', async () => {
    server = await AnsweringSocket.start((socket) =>
      socket.end('HTTP/1.1 200 OK\r\nConnection: close\r\ncontent-length: 0\r\n\r\n'),
    )
    const result = await run(server.port)
    assert.ok(result.requests > 2)
    assert.equal(result.broken, 0)
    assert.ok(server.connections > 2)
  })

  it('counts a connection that breaks without an answer, and goes on', async () => {
    server = await AnsweringSocket.start((socket, count) => {
      if (count % 3 === 0) socket.destroy()
      else socket.write(OK)
    })
    const result = await run(server.port)
    assert.ok(result.broken > 0)
    assert.ok(result.requests > 0)
  })

  it('measures from an answer to an answer, so that a batch of answers is in or out as a whole', async () => {
    const waiting: (() => void)[] = []
    let batches = 0
    server = await AnsweringSocket.start((socket) => {
      waiting.push(() => socket.write(OK))
      if (waiting.length === 4)
        setTimeout(() => (batches++, waiting.splice(0).forEach((answer) => answer())), 30)
    })
    const loop = { kind: 'closed', connections: 4 } as const
    const { requests, elapsedMs } = await run(server.port, { loop, warmUpMs: 40, measureMs: 80 })
    assert.equal(requests % 4, 0)
    assert.ok(
      requests / 4 < batches && elapsedMs >= 80,
      `${requests} of ${batches} batches in ${elapsedMs} ms`,
    )
  })

  it('pauses between an answer and the next request', async () => {
    server = await AnsweringSocket.start((socket) => socket.write(OK))
    const loop = { kind: 'closed', connections: 1, pauseMs: 20 } as const
    const result = await run(server.port, { loop, warmUpMs: 0, measureMs: 100 })
    assert.ok(result.requests >= 1 && result.requests <= 5, String(result.requests))
  })

  it('ends early when told', async () => {
    server = await AnsweringSocket.start((socket) => socket.write(OK))
    const endless = {
      port: server.port,
      requests: [{ path: '/' }],
      loop: { kind: 'closed', connections: 1 } as const,
      warmUpMs: 0,
      measureMs: 1e6,
    }
    let stop = (): void => {}
    const stopped = new Promise<void>((resolve) => (stop = resolve))
    const result = await runJob(endless, { onMeasuring: () => setTimeout(stop, 20), stopped })
    assert.ok(result.requests > 0)
  })

  it('fails when nothing listens', async () => {
    const closed = await AnsweringSocket.start(() => {})
    const { port } = closed
    closed.close()
    await assert.rejects(run(port), { code: 'ECONNREFUSED' })
  })
})
