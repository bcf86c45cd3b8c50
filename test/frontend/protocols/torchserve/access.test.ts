import assert from 'node:assert/strict'
import { httpTransport } from '../../../../frontend/http/transport.ts'
import { combinedMount } from '../../../../frontend/protocols/torchserve/routes.ts'
import type { Scope } from '../../../../frontend/security/authorizer.ts'
import { TokenAuthorizer } from '../../../../frontend/security/token-authorizer.ts'
import { FakeControlPlane, FakeDataPlane } from '../../../support/fake-planes.ts'
import { RawConnection } from '../../../support/raw-http.ts'
import { bearer, knownToken, tokenText } from '../../../support/tokens.ts'
import { request, TorchServeFixture } from '../../../support/torchserve-fixture.ts'

type Listener = 'inference' | 'management' | 'metrics'

/** Any token but the right one, and none at all. */
const CALLERS = ['nobody', 'inference', 'management', 'metrics', 'admin'] as const

const TOKENS = CALLERS.slice(1).map((name) => knownToken(name, [name as Scope])) // all but the first are scopes

/** The routes that the mounts themselves name: a new one is tried without being listed here. */
function mountedRoutes(): { listener: Listener; method: string; path: string }[] {
  const dialect = { transport: httpTransport, hasQuirk: () => false, serverVersion: '1.2.3' }
  const dataPlane = new FakeDataPlane()
  const controlPlane = new FakeControlPlane()
  const renderMetrics = () => Promise.resolve({ contentType: '', body: '' })
  const mounts = {
    inference: combinedMount({ inference: { maxRequestBytes: 100_000, ...dialect, dataPlane } }),
    management: combinedMount({ management: { ...dialect, dataPlane, controlPlane, renewKey: () => ({}) } }),
    metrics: combinedMount({ metrics: { ...dialect, renderMetrics } }),
  }
  return (['inference', 'management', 'metrics'] as const).flatMap((listener) =>
    mounts[listener].routes.map((route) => {
      const [method = '', pattern = ''] = route.split(' ')
      return { listener, method, path: pattern.replace(/\[[^\]]*\]/g, '').replace(/\{\w+\}/g, 'digits') }
    }),
  )
}

/** Other ways to write a path, which a check by text would take for another one. */
const SPELLINGS: readonly { readonly it: string; readonly of: (path: string) => string }[] = [
  { it: 'as it is', of: (path) => path },
  { it: 'with a slash at its end', of: (path) => `${path}/` },
  { it: 'with two slashes', of: (path) => `/${path}` },
  { it: 'in capitals', of: (path) => path.toUpperCase() },
  { it: 'with an encoded letter', of: (path) => path.replace(/^\/(.)/, (_, c: string) => `/${hex(c)}`) },
  { it: 'with an encoded slash', of: (path) => `/%2f${path.slice(1)}` },
  { it: 'with a dot segment', of: (path) => `/.${path}` },
  { it: 'with an encoded dot segment', of: (path) => `/%2e${path}` },
  { it: 'from below another path', of: (path) => `/ping/..${path}` },
  { it: 'from below another path, encoded', of: (path) => `/ping/%2e%2e${path}` },
  { it: 'with a parameter', of: (path) => `${path};x=/ping` },
  { it: 'with a query', of: (path) => `${path}?/ping` },
  { it: 'with a fragment', of: (path) => `${path}#/ping` },
  { it: 'in absolute form', of: (path) => `http://localhost${path}` },
]

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']

function hex(character: string): string {
  return `%${character.charCodeAt(0).toString(16)}`
}

const HEALTH = /^\/(ping|live|ready)(\/|$)/

describe('access to the routes', () => {
  const routes = mountedRoutes()
  let fixture: TorchServeFixture

  before(async () => {
    const access = new TokenAuthorizer({ tokens: () => TOKENS, nowMs: () => 0 })
    fixture = await TorchServeFixture.open('strict', access)
  })

  after(() => fixture.close())

  function urlOf(listener: Listener): string {
    const { inferenceUrl, managementUrl, metricsUrl } = fixture
    return { inference: inferenceUrl, management: managementUrl, metrics: metricsUrl }[listener]
  }

  /** One request as it is written here: no client that tidies the path. */
  async function statuses(listener: Listener, lines: readonly string[], caller: string): Promise<number[]> {
    const connection = await RawConnection.open(urlOf(listener))
    const authorization = caller === 'nobody' ? '' : `Authorization: ${bearer(tokenText(caller))}\r\n`
    const requests = lines.map((line) => `${line} HTTP/1.1\r\nHost: localhost\r\n${authorization}\r\n`)
    connection.write(`${requests.join('')}GET /live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
    const received = await connection.untilClosed()
    const found = [...received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status))
    assert.equal(found.length, lines.length + 1, received)
    return found.slice(0, -1)
  }

  it('covers every listener', () => {
    assert.deepEqual(
      [...new Set(routes.map(({ listener }) => listener))],
      ['inference', 'management', 'metrics'],
    )
  })

  for (const { listener, method, path } of mountedRoutes()) {
    const isHealth = HEALTH.test(path)

    it(`lets ${isHealth ? 'everybody' : `only a token of its scope`} ${method} ${path} on ${listener}`, async () => {
      for (const caller of CALLERS) {
        const [status = 0] = await statuses(listener, [`${method} ${path}`], caller)
        const mayPass = isHealth || caller === needed(listener, path)
        if (mayPass) assert.ok(status !== 401 && status !== 403, `${caller}: ${status}`)
        else assert.equal(status, caller === 'nobody' ? 401 : 403, caller)
      }
    })

    it(`asks for a token however ${method} ${path} on ${listener} is spelt`, async () => {
      const spelt = SPELLINGS.map(({ of }) => of(path)).filter(
        (each) => !isHealth || !HEALTH.test(each.toLowerCase()),
      )
      for (const caller of ['nobody', 'inference', 'metrics'].filter((each) => each !== listener)) {
        const lines = METHODS.flatMap((each) => spelt.map((target) => `${each} ${target}`))
        const answers = await statuses(listener, lines, caller)
        const wrong = lines.filter(
          (line, i) =>
            ![expected(caller), 200].includes(answers[i] ?? 0) || (answers[i] === 200 && !opensHealth(line)),
        )
        assert.deepEqual(wrong, [])
      }
    })
  }

  function needed(listener: Listener, path: string): Scope {
    return path === '/token' ? 'admin' : listener
  }

  function expected(caller: string): number {
    return caller === 'nobody' ? 401 : 403
  }

  /** A spelling of a health route that the router takes for one. */
  function opensHealth(line: string): boolean {
    return /^(GET|HEAD) \S*(ping|live|ready)/i.test(line)
  }

  it('asks for a token where there is no route', async () => {
    for (const listener of ['inference', 'management', 'metrics'] as const) {
      assert.deepEqual(
        await statuses(listener, ['GET /', 'GET /nothing', 'OPTIONS *'], 'nobody'),
        [401, 401, 401],
      )
    }
  })

  it('does not say which routes there are to who has no token', async () => {
    const { text } = await request(`${fixture.managementUrl}/nothing`, {})
    assert.doesNotMatch(text, /models/)
  })
})

describe('a token for certain models', () => {
  let fixture: TorchServeFixture

  before(async () => {
    const tokens = [knownToken('shop', ['inference'], { models: new Set(['digits']) })]
    fixture = await TorchServeFixture.open(
      'strict',
      new TokenAuthorizer({ tokens: () => tokens, nowMs: () => 0 }),
    )
  })

  after(() => fixture.close())

  const CASES = [
    { path: '/predictions/digits', status: 200 },
    { path: '/predictions/digits/1.0', status: 200 },
    { path: '/predictions/iris', status: 403 },
    { path: '/predictions/iris/1.0', status: 403 },
    { path: '/predictions/%69ris', status: 403 },
    { path: '/predictions/iris/', status: 403 },
  ]
  for (const { path, status } of CASES) {
    it(`answers ${status} to POST ${path}`, async () => {
      const headers = { authorization: bearer(tokenText('shop')) }
      assert.equal((await fixture.infer(path, { body: '{}', headers })).status, status)
    })
  }

  it('runs nothing for a refused request', () => {
    assert.deepEqual([...new Set(fixture.dataPlane.heads.map(({ model }) => model.name))], ['digits'])
  })
})
