import assert from 'node:assert/strict'
import { HttpChannel } from '../../../../bench/suites/payload/channel.ts'
import type { Wire } from '../../../../bench/suites/payload/wires.ts'
import { AnsweringSocket } from '../../../support/answering-socket.ts'

const WIRE: Wire = { name: 'a wire', path: '/', isGrpc: false, headers: {}, body: Buffer.from('abc') }

describe('HttpChannel', () => {
  let server: AnsweringSocket | undefined
  let channel: HttpChannel | undefined
  afterEach(() => {
    channel?.close()
    server?.close()
  })

  async function open(answer: string, then: 'keep' | 'end' = 'keep'): Promise<HttpChannel> {
    server = await AnsweringSocket.start((socket) =>
      then === 'end' ? socket.end(answer) : socket.write(answer),
    )
    channel = new HttpChannel(server.port)
    return channel
  }

  it('counts the bytes of each answer, over one connection', async () => {
    const opened = await open('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello')
    assert.deepEqual([await opened.exchange(WIRE), await opened.exchange(WIRE)], [5, 5])
    assert.equal(server?.connections, 1)
  })

  it('opens another connection when the server says that it closes the one it had', async () => {
    const opened = await open('HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n', 'end')
    await opened.exchange(WIRE)
    await opened.exchange(WIRE)
    assert.equal(server?.connections, 2)
  })

  it('fails with the answer that is not wanted', async () => {
    const opened = await open('HTTP/1.1 413 Too Large\r\ncontent-length: 4\r\n\r\nno !')
    await assert.rejects(opened.exchange(WIRE), { message: /^a wire: HTTP\/1\.1 413 .*no !$/s })
  })
})
