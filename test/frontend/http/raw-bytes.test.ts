import assert from 'node:assert/strict'
import { send } from '../../../frontend/http/answer.ts'
import type { Mount } from '../../../frontend/http/app.ts'
import { readBody } from '../../../frontend/http/body.ts'
import { HttpFixture } from '../../support/http-fixture.ts'
import { seededRandom } from '../../support/random.ts'
import { RawConnection, rawExchange } from '../../support/raw-http.ts'

const echo: Mount = {
  routes: [],
  middleware: async (ctx) => {
    const body = await readBody(ctx, 1000)
    send(ctx, { status: 200, headers: {}, body })
  },
}

const REQUESTS = {
  'with a length': 'POST /a?b=c HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello',
  'in chunks':
    'POST /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n',
}

describe('bytes on the wire', () => {
  const fixture = new HttpFixture()
  afterEach(() => fixture.closeAll())

  for (const status of [204, 304]) {
    it(`end with the head of a ${status}, whatever body it was given, and the next answer is its own`, async () => {
      const mount: Mount = {
        routes: [],
        middleware: (ctx) => {
          send(ctx, { status: ctx.path === '/first' ? status : 200, headers: {}, body: 'body' })
        },
      }
      const { url } = await fixture.open(mount)
      const get = (path: string, more = '') => `GET ${path} HTTP/1.1\r\nHost: x\r\n${more}\r\n`
      const reply = await rawExchange(url, `${get('/first')}${get('/', 'Connection: close\r\n')}`)
      const [first = '', second = ''] = reply.split('HTTP/1.1 200')
      assert.doesNotMatch(first, /content-length|transfer-encoding|body/i)
      assert.match(second, /content-length: 4\r\n.*body$/s)
    })
  }

  for (const [name, request] of Object.entries(REQUESTS)) {
    it(`mean the same request wherever one ${name} is split`, async () => {
      const { url } = await fixture.open(echo)
      const replies = await Promise.all(
        Array.from({ length: request.length }, async (_, offset) => {
          const connection = await RawConnection.open(url)
          connection.write(request.slice(0, offset))
          await new Promise((resolve) => setImmediate(resolve))
          connection.write(request.slice(offset))
          return (await connection.untilClosed()).replace(/^.*\r\n\r\n/s, '')
        }),
      )
      assert.deepEqual(new Set(replies), new Set(['hello']))
    })
  }

  it('that are random changes of a request get an answer or a closed connection, never a failure', async () => {
    const { url } = await fixture.open(echo, {
      requestTimeoutMs: 500,
      headersTimeoutMs: 500,
      keepAliveTimeoutMs: 100,
    })
    const random = seededRandom(7)
    const pick = (size: number) => Math.floor(random() * size)
    const mutated = Array.from({ length: 400 }, () => {
      const bytes = Buffer.from(Object.values(REQUESTS)[pick(2)] ?? '', 'latin1')
      for (let i = pick(4); i >= 0; i--) bytes[pick(bytes.length)] = pick(256)
      return bytes
    })
    const statuses = await Promise.all(
      mutated.map(async (bytes) => {
        const connection = await RawConnection.open(url)
        connection.write(bytes)
        return /^HTTP\/1\.1 (\d+)/.exec(await connection.untilClosed())?.[1] ?? 'closed'
      }),
    )
    const documented = new Set(['200', '400', '408', '413', '415', '417', '431', 'closed'])
    assert.deepEqual(
      statuses.filter((status) => !documented.has(status)),
      [],
    )
    assert.deepEqual(fixture.failures, [])
    assert.equal(await (await fetch(url, { method: 'POST', body: 'alive' })).text(), 'alive')
  })
})
