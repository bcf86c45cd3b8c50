import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { SecuredFixture } from '../support/secured-fixture.ts'
import { temporaryDirectory } from '../support/server-process.ts'
import { bearer, tokenText } from '../support/tokens.ts'

const TOKENS = {
  ONNXSERVE_INFERENCE_TOKEN: tokenText('inference'),
  ONNXSERVE_MANAGEMENT_TOKEN: tokenText('management'),
  ONNXSERVE_METRICS_TOKEN: tokenText('metrics'),
}

describe('an address that serves several purposes', () => {
  let fixture: SecuredFixture
  let socketPath: string

  afterEach(() => fixture.close())

  /** Listeners on one socket: those that are named, the others on ports of their own. */
  async function open(purposes: readonly string[], environment = {}): Promise<void> {
    const directory = await temporaryDirectory()
    socketPath = join(directory, 'all.sock')
    const flags = Object.fromEntries(purposes.map((each) => [`${each}Address`, `unix:${socketPath}`]))
    fixture = await SecuredFixture.open({ flags, environment }, directory)
  }

  async function ask(line: string, token?: string) {
    const [method, path] = line.split(' ')
    const headers = token === undefined ? {} : { authorization: bearer(tokenText(token)) }
    const sent = request({ socketPath, method, path, headers }).end()
    const [answer] = (await once(sent, 'response')) as [IncomingMessage] // the event's documented argument
    return { status: answer.statusCode, allow: answer.headers.allow, body: await text(answer) }
  }

  const statusOf = async (line: string, token?: string) => (await ask(line, token)).status

  const ROUTES = [
    { line: 'GET /ping', status: 200 },
    { line: 'GET /models', status: 200 },
    { line: 'GET /models/digits/1.0', status: 200 },
    { line: 'POST /predictions/digits', status: 200 },
    { line: 'POST /models/digits/invoke', status: 200 },
    { line: 'POST /digits/predict', status: 200 },
    { line: 'GET /metrics', status: 200 },
    { line: 'GET /', status: 200 },
    { line: 'GET /no-such-route', status: 404 },
  ]
  it('serves the routes of all of them', async () => {
    await open(['inference', 'management', 'metrics'])
    assert.equal(new Set(Object.values(fixture.urls)).size, 1)
    const found = []
    for (const { line } of ROUTES) found.push({ line, status: await statusOf(line) })
    assert.deepEqual(found, ROUTES)
  })

  it('knows the methods of a path from all of them', async () => {
    await open(['inference', 'management'])
    const { status, allow } = await ask('PATCH /models/digits/invoke')
    assert.equal(status, 405)
    assert.deepEqual(allow?.split(', ').sort(), ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST', 'PUT'])
  })

  it('keeps what is apart apart', async () => {
    await open(['inference', 'metrics'])
    assert.notEqual(fixture.urls.management, fixture.urls.inference)
    assert.deepEqual([await statusOf('GET /metrics'), await statusOf('GET /models')], [200, 404])
  })

  const ACCESS = [
    { token: undefined, statuses: [200, 401, 401, 401, 401] },
    { token: 'inference', statuses: [200, 200, 403, 403, 403] },
    { token: 'management', statuses: [200, 403, 200, 403, 404] },
    { token: 'metrics', statuses: [200, 403, 403, 200, 403] },
  ]
  for (const { token, statuses } of ACCESS) {
    it(`asks of each route its own token: ${token ?? 'none'}`, async () => {
      await open(['inference', 'management', 'metrics'], TOKENS)
      const lines = [
        'GET /ping',
        'POST /predictions/digits',
        'GET /models',
        'GET /metrics',
        'GET /no-such-route',
      ]
      const found = []
      for (const line of lines) found.push(await statusOf(line, token))
      assert.deepEqual(found, statuses)
    })
  }
})
