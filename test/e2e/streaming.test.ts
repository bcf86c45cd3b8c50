import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { packTestArchive } from '../support/archives.ts'
import { http, until } from '../support/http-client.ts'
import { RawConnection, rawExchange } from '../support/raw-http.ts'
import { removeDirectory, ServerProcess, temporaryDirectory } from '../support/server-process.ts'

/**
 * Says the words of the request one by one. `wait` makes it wait for the client's departure, `fail` makes it throw;
 * `last?` answers how the latest waiting request ended.
 */
const TALKER = `
import { defineHandler } from 'onnxserve/handler'

let ending = 'none'

export default defineHandler({
  async handle(requests) {
    return Promise.all(requests.map(talk))
  },
  async explain(requests) {
    return requests.map((request) => ({ explains: request.headers.explain, path: request.headers.url_path ?? '' }))
  },
})

async function talk(request) {
  const words = request.text().split(' ')
  if (words[0] === 'last?') return ending
  request.response.contentType = 'text/event-stream'
  request.response.headers['x-words'] = String(words.length)
  for (const word of words) {
    if (word === 'fail') throw new Error('out of words')
    if (word === 'path') request.stream.write(request.headers.url_path ?? 'none')
    else if (word === 'wait') ending = await departure(request)
    else request.stream.write(word)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  return '.'
}

async function departure({ signal }) {
  ending = 'waiting'
  if (signal.aborted) return 'client left'
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve('client left')))
}
`

describe('a handler that streams, over HTTP', function () {
  this.timeout(60_000)
  let modelStore: string
  let server: ServerProcess
  let url: string

  before(async () => {
    modelStore = await temporaryDirectory()
    await packTestArchive(modelStore, { modelName: 'talker', handler: TALKER })
    server = await ServerProcess.start({ modelStore, args: ['--load-models', 'all'] })
    url = `${server.inference}/predictions/talker`
  })

  after(async () => {
    await server.stop()
    await removeDirectory(modelStore)
  })

  function post(body: string, more = ''): string {
    return `POST /predictions/talker HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n${more}\r\n${body}`
  }

  it('sends each piece as a chunk, its head with the first', async () => {
    const connection = await RawConnection.open(server.inference)
    connection.write(post('one two'))
    const received = await connection.until(/\r\n0\r\n\r\n$/)
    connection.destroy()
    assert.match(received, /^HTTP\/1\.1 200 [^]*content-type: text\/event-stream\r\n/i)
    assert.match(received, /x-words: 2\r\n/)
    assert.match(received, /transfer-encoding: chunked\r\n/i)
    assert.match(received, /\r\n\r\n3\r\none\r\n3\r\ntwo\r\n1\r\n\.\r\n0\r\n\r\n$/)
  })

  it('is read by curl as it comes', async () => {
    const { code, stdout } = await curl('-N', '-d', 'one two', url)
    assert.deepEqual([code, stdout], [0, 'onetwo.'])
  })

  it('puts the pieces together for HTTP/1.0', async () => {
    const { code, stdout } = await curl('-i', '--http1.0', '-d', 'one two', url)
    assert.equal(code, 0)
    assert.match(stdout, /content-length: 7\r\n[^]*\r\n\r\nonetwo\.$/i)
  })

  it('is told the rest of the path', async () => {
    const { text } = await http(`${url}/1.0/v1/chat/completions`, { method: 'POST', body: 'path' })
    assert.equal(text, 'v1/chat/completions.')
  })

  it('cuts the body when it fails later, which no client takes for a whole answer; the log says why', async () => {
    const { code, stdout } = await curl('-N', '-d', 'one fail', url)
    assert.deepEqual([code, stdout], [18, 'one']) // "transfer closed with outstanding read data remaining"
    await server.untilOutput(/out of words/)
  })

  it('says so in a trailer to who reads trailers', async () => {
    const connection = await RawConnection.open(server.inference)
    connection.write(post('one fail', 'TE: trailers\r\n'))
    await connection.until(/3\r\none\r\n0\r\nx-error: internal: [^\r]*failed[^\r]*\r\n\r\n$/)
    connection.destroy()
  })

  it('answers a whole error when it fails before its first piece', async () => {
    assert.match(
      await rawExchange(server.inference, post('fail', 'Connection: close\r\n')),
      /^HTTP\/1\.1 500 /,
    )
  })

  it('hears that its client has left', async () => {
    const connection = await RawConnection.open(server.inference)
    connection.write(post('one wait'))
    await connection.until(/one/)
    connection.destroy()
    await until(`${server.inference}/talker/predict?data=last%3F`, ({ text }) => text === 'client left')
  })

  it('explains where it has an explanation', async () => {
    const answers = [
      await http(`${server.inference}/explanations/talker`, { method: 'POST', body: 'x' }),
      await http(`${server.inference}/v1/models/talker:explain`, { method: 'POST', body: 'x' }),
    ]
    assert.deepEqual(
      answers.map(({ status, text }) => [status, JSON.parse(text) as unknown]),
      [
        [200, { explains: 'True', path: '' }],
        [200, { explains: 'True', path: '' }],
      ],
    )
  })

  it('is what an invocation means when it is the only model', async () => {
    const { stdout } = await curl('-d', 'one', `${server.inference}/invocations`)
    assert.equal(stdout, 'one.')
  })
})

type CurlOutcome = { readonly code: number; readonly stdout: string }

function curl(...args: readonly string[]): Promise<CurlOutcome> {
  return new Promise((resolve) => {
    execFile('curl', ['-s', '--max-time', '20', ...args], (error, stdout) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout })
    })
  })
}
