import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import type { LoadResult, OpenLoop } from '../../../bench/load/job.ts'
import { runJob } from '../../../bench/load/run-job.ts'
import { AnsweringSocket } from '../../support/answering-socket.ts'

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'
const LOOP: OpenLoop = {
  kind: 'open',
  requestsPerSecond: 500,
  arrivals: 'even',
  seed: 1,
  maxConnections: 50,
}

describe('open loop', () => {
  let server: AnsweringSocket | undefined
  afterEach(() => server?.close())

  async function run(onRequest: (socket: Socket, count: number) => void, changes: Partial<OpenLoop> = {}) {
    server = await AnsweringSocket.start(onRequest)
    const loop = { ...LOOP, ...changes }
    const job = { port: server.port, requests: [{ path: '/' }], loop, warmUpMs: 20, measureMs: 200 }
    return runJob(job, { onMeasuring: () => {}, stopped: new Promise<void>(() => {}) })
  }

  const dueOf = ({ requests, unanswered, broken }: LoadResult) => requests + unanswered + broken

  it('sends as many requests as are due, however the server answers', async () => {
    const result = await run((socket) => socket.write(OK))
    assert.equal(result.requests, dueOf(result))
    assert.ok(Math.abs(result.requests - (500 * result.elapsedMs) / 1000) <= 2, String(result.requests))
  })

  it('charges every request that falls due while the server stands still', async () => {
    const HALT_MS = 100
    const waiting: Socket[] = []
    const result = await run((socket, count) => {
      waiting.push(socket)
      const answerAll = () => waiting.splice(0).forEach((each) => each.write(OK))
      if (count === 30) setTimeout(answerAll, HALT_MS)
      else if (waiting[0] === socket) answerAll()
    })
    // Half of those that came during the halt waited for half of it or longer: a closed loop would have seen one.
    assert.ok(result.accepted.maxMs >= HALT_MS * 0.8, String(result.accepted.maxMs))
    assert.ok(result.accepted.p90Ms >= HALT_MS / 4, String(result.accepted.p90Ms))
  })

  it('tells what happened in each part of the measurement, by when requests were due', async () => {
    const refusal = 'HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n'
    server = await AnsweringSocket.start((socket, count) => socket.write(count % 2 === 0 ? OK : refusal))
    const job = { port: server.port, requests: [{ path: '/' }], loop: LOOP, warmUpMs: 20, measureMs: 200 }
    const stopped = new Promise<void>(() => {})
    const {
      windows = [],
      accepted,
      refused,
    } = await runJob({ ...job, windowMs: 50 }, { onMeasuring: () => {}, stopped })
    const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
    assert.deepEqual(
      windows.slice(0, 4).map(({ fromMs }) => fromMs),
      [0, 50, 100, 150],
    )
    assert.equal(sum(windows.map((window) => window.accepted.count)), accepted.count)
    assert.equal(sum(windows.map((window) => window.refused)), refused.count)
    assert.ok(windows.slice(0, 4).every((window) => window.accepted.count >= 5 && window.refused >= 5))
  })

  it('opens connections as it needs them, up to its limit', async () => {
    const result = await run(() => {}, { maxConnections: 3 })
    assert.equal(server?.connections, 3)
    assert.equal(result.requests, 0)
    assert.equal(result.unanswered, dueOf(result))
  })

  it('uses a free connection again before it opens another', async () => {
    const result = await run((socket) => socket.write(OK), { requestsPerSecond: 200 })
    assert.ok(server !== undefined && server.connections < result.requests)
  })

  it('counts refusals apart, also from connections that end with them', async () => {
    const result = await run((socket, count) =>
      count % 2 === 0
        ? socket.write(OK)
        : socket.end('HTTP/1.1 429 Too Many\r\nConnection: close\r\ncontent-length: 0\r\n\r\n'),
    )
    assert.ok(result.accepted.count > 0 && result.refused.count > 0)
    assert.equal(result.broken, 0)
    assert.equal(result.requests, dueOf(result))
  })
})
