import assert from 'node:assert/strict'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { send } from '../../../frontend/http/answer.ts'
import type { HttpExchange, Mount } from '../../../frontend/http/app.ts'
import { IncomingRequest } from '../../../frontend/http/incoming-request.ts'
import { ServingError } from '../../../worker/contract/errors.ts'
import { HttpFixture } from '../../support/http-fixture.ts'
import { RawConnection } from '../../support/raw-http.ts'

const HEAD = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n'

describe('IncomingRequest', () => {
  const fixture = new HttpFixture()
  let connection: RawConnection | undefined
  afterEach(async () => {
    connection?.destroy()
    await fixture.closeAll()
  })

  /** Opens a connection to a listener that does this with each request, in the turn in which its head comes. */
  async function connect(serve: (exchange: HttpExchange, req: IncomingRequest) => void | Promise<void>) {
    const mount: Mount = {
      routes: [],
      middleware: () => undefined,
      hot: (exchange) => {
        assert.ok(exchange.req instanceof IncomingRequest)
        return Promise.resolve(serve(exchange, exchange.req))
      },
    }
    return (connection = await RawConnection.open((await fixture.open(mount)).url))
  }

  const say = (exchange: HttpExchange, body: string) => {
    send(exchange, { status: 200, headers: {}, body })
  }

  it('gives its body to a sink, and nothing to the stream', async () => {
    const pieces: string[] = []
    const opened = await connect((exchange, req) => {
      req.once('data', () => pieces.push('the stream has some'))
      const isGiven = req.giveBodyTo({
        onChunk: (chunk) => pieces.push(chunk.toString()),
        onEnd: () => say(exchange, `${isGiven}: ${pieces.join('')}.`),
      })
    })
    opened.write(`${HEAD}01234`)
    opened.write('56789')
    assert.match(await opened.until(/\.$/), /\r\n\r\ntrue: 0123456789\.$/)
  })

  it('keeps a body of which the stream has some', async () => {
    const opened = await connect(async (exchange, req) => {
      await nextTurn()
      const isGiven = req.giveBodyTo({ onChunk: () => undefined, onEnd: () => undefined })
      let text = ''
      req.on('data', (chunk: Buffer) => (text += chunk.toString()))
      req.once('end', () => say(exchange, `${isGiven}: ${text}.`))
    })
    opened.write(`${HEAD}0123456789`)
    assert.match(await opened.until(/\.$/), /\r\n\r\nfalse: 0123456789\.$/)
  })

  it('lets the stream have again what still comes', async () => {
    const opened = await connect((exchange, req) => {
      req.giveBodyTo({
        onChunk: () => {
          req.takeBodyBack()
          req.on('data', (chunk: Buffer) => {
            say(exchange, `then ${chunk.toString()}.`)
          })
          opened.write('56789')
        },
        onEnd: () => undefined,
      })
    })
    opened.write(`${HEAD}01234`)
    assert.match(await opened.until(/\.$/), /\r\n\r\nthen 56789\.$/)
  })

  const REFUSED = [
    { it: 'in one piece with its head', pieces: [`${HEAD}0123456789`] },
    { it: 'cut in two', pieces: [`${HEAD}01234`, '56789'] },
    { it: 'behind its answer', pieces: [HEAD, '0123456789'] },
  ]
  for (const { it: how, pieces } of REFUSED) {
    it(`forgets the body of a refused request that comes ${how}, and serves the next`, async () => {
      let count = 0
      const opened = await connect((exchange, req) => {
        count += 1
        if (count === 1) throw new ServingError('invalid_argument', 'not today')
        req.giveBodyTo({ onChunk: (chunk) => say(exchange, `${chunk.toString()}.`), onEnd: () => undefined })
      })
      for (const piece of pieces) {
        opened.write(piece)
        await nextTurn()
      }
      await opened.until(/not today/)
      opened.write(`${HEAD}abcdefghij`)
      assert.match(
        await opened.until(/\.$/),
        /^HTTP\/1\.1 400 [^]*not today[^]*200 OK[^]*\r\n\r\nabcdefghij\.$/,
      )
    })
  }
})
