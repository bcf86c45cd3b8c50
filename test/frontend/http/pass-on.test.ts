import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { join } from 'node:path'
import { PassOn, PEER_HEADER, takePeer } from '../../../frontend/http/pass-on.ts'
import { http } from '../../support/http-client.ts'
import { renderPlainError } from '../../support/http-fixture.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

type Handle = (req: IncomingMessage, res: ServerResponse) => void

describe('PassOn', () => {
  let closes: (() => Promise<unknown> | void)[] = []
  afterEach(async () => {
    for (const close of closes.reverse()) await close()
    closes = []
  })

  async function listening(server: Server, address: string | number): Promise<void> {
    server.listen(address)
    await once(server, 'listening')
    closes.push(() => {
      server.closeAllConnections()
      server.close()
    })
  }

  /** @returns the port of a server that passes everything on to one that does this */
  async function passingOn(handle: Handle): Promise<number> {
    const directory = await temporaryDirectory()
    closes.push(directory.remove)
    const path = join(directory.path, 's')
    await listening(createServer(handle), path)
    const passOn = new PassOn(path, renderPlainError)
    closes.push(() => passOn.close())
    const front = createServer((req, res) => passOn.pass(req, res))
    await listening(front, 0)
    return (front.address() as AddressInfo).port // it listens on a port
  }

  it('gives head and body as they came, and the answer back', async () => {
    const port = await passingOn((req, res) => {
      const peer = takePeer(req)
      req.setEncoding('utf8')
      let body = ''
      req.on('data', (text: string) => (body += text))
      req.on('end', () => {
        const seen = {
          method: req.method,
          url: req.url,
          peer,
          own: req.headers['x-own'],
          host: req.headers.host,
          body,
        }
        res.writeHead(418, 'Teapot', { 'x-answer': 'yes' }).end(JSON.stringify(seen))
      })
    })
    const answer = await http(`http://127.0.0.1:${port}/a/b?c=d`, {
      body: 'hello',
      headers: { 'x-own': '1', [PEER_HEADER]: '6.6.6.6' },
    })
    assert.equal(answer.status, 418)
    assert.equal(answer.headers['x-answer'], 'yes')
    assert.deepEqual(JSON.parse(answer.text), {
      method: 'POST',
      url: '/a/b?c=d',
      peer: '::ffff:127.0.0.1',
      own: '1',
      host: `127.0.0.1:${port}`,
      body: 'hello',
    })
  })

  it('leaves no trace of whom it came from in the head', async () => {
    const port = await passingOn((req, res) => {
      takePeer(req)
      res.end(JSON.stringify([req.headers[PEER_HEADER], req.rawHeaders.includes(PEER_HEADER)]))
    })
    const { text } = await http(`http://127.0.0.1:${port}/`)
    assert.deepEqual(JSON.parse(text), [null, false])
  })

  it('gives pieces of an answer on as they come, trailers too', async () => {
    const port = await passingOn((_, res) => {
      res.writeHead(200, { trailer: 'x-error' })
      res.write('first')
      setImmediate(() => {
        res.addTrailers({ 'x-error': 'late' })
        res.end('last')
      })
    })
    const socket = connect(port, '127.0.0.1')
    socket.setEncoding('utf8').write('GET / HTTP/1.1\r\nhost: a\r\nte: trailers\r\nconnection: close\r\n\r\n')
    let text = ''
    socket.on('data', (each: string) => (text += each))
    await once(socket, 'close')
    assert.match(text, /\r\n5\r\nfirst\r\n4\r\nlast\r\n0\r\nx-error: late\r\n/)
  })

  it('tells the other process that the client has left', async () => {
    const left: Promise<unknown>[] = []
    let arrived: () => void = () => undefined
    const arrival = new Promise<void>((resolve) => (arrived = resolve))
    const port = await passingOn((_, res) => {
      left.push(once(res, 'close'))
      arrived()
    })
    const socket = connect(port, '127.0.0.1')
    socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n')
    await arrival
    socket.destroy()
    await Promise.all(left)
    assert.equal(left.length, 1)
  })

  it('gives back an answer that comes before the body has', async () => {
    const port = await passingOn((_, res) => {
      res.writeHead(413, { connection: 'close' }).end('too much')
    })
    const socket = connect(port, '127.0.0.1')
    socket.setEncoding('utf8').write('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\nhalf')
    const [text] = (await once(socket, 'data')) as [string] // the encoding is set
    assert.match(text, /^HTTP\/1\.1 413 /)
    socket.destroy()
  })

  it('says in the words of the dialect that the other process is not there', async () => {
    const passOn = new PassOn('/nowhere/to/be/found', renderPlainError)
    closes.push(() => passOn.close())
    const front = createServer((req, res) => passOn.pass(req, res))
    await listening(front, 0)
    const { text, headers } = await http(`http://127.0.0.1:${(front.address() as AddressInfo).port}/`, {
      headers: { 'x-request-id': 'mine' },
    })
    assert.match(text, /^other_process: the process of this server that answers such requests cannot be/)
    assert.equal(headers['x-request-id'], 'mine')
  })
})
