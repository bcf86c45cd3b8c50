import assert from 'node:assert/strict'
import type { IncomingHttpHeaders } from 'node:http'
import { RequestOriginCheck, type RequestOriginOptions } from '../../../frontend/security/request-origin.ts'

const HOST = '127.0.0.1:8081'

function check(
  headers: IncomingHttpHeaders,
  {
    method = 'POST',
    checksHost = true,
    ...options
  }: Partial<RequestOriginOptions> & { method?: string; checksHost?: boolean } = {},
): void {
  const check = new RequestOriginCheck({
    allowedHosts: ['models.example'],
    allowedOrigins: ['https://shop.example'],
    ...options,
  })
  check.checksHost = checksHost
  check.check({ method, headers: { host: HOST, ...headers } })
}

describe('RequestOriginCheck', () => {
  const HOSTS = [
    { host: '127.0.0.1:8081', own: true },
    { host: '[::1]:8081', own: true },
    { host: '10.1.2.3', own: true },
    { host: 'localhost', own: true },
    { host: 'LOCALHOST.:8081', own: true },
    { host: 'api.localhost:1', own: true },
    { host: 'models.example:8081', own: true },
    { host: 'Models.Example', own: true },
    { host: 'evil.example', own: false },
    { host: 'localhost.evil.example', own: false },
    { host: '127.0.0.1.evil.example', own: false },
    { host: 'notlocalhost', own: false },
    { host: 'user@127.0.0.1', own: false },
    { host: '127.0.0.1:x', own: false },
    { host: '', own: false },
  ]
  for (const { host, own } of HOSTS) {
    it(`${own ? 'accepts' : 'refuses'} the Host '${host}'`, () => {
      const attempt = () => check({ host }, { method: 'GET' })
      if (own) assert.doesNotThrow(attempt)
      else assert.throws(attempt, { code: 'permission_denied', reason: 'foreign_host' })
    })
  }

  it('accepts a foreign Host where it does not check', () => {
    assert.doesNotThrow(() => check({ host: 'evil.example' }, { checksHost: false }))
  })

  it('accepts a probe without a Host', () => {
    assert.doesNotThrow(() => check({ host: undefined }, { method: 'GET' }))
  })

  it('does not take a foreign Host for one that it accepted before', () => {
    const one = new RequestOriginCheck({ allowedHosts: [], allowedOrigins: [] })
    one.check({ method: 'GET', headers: { host: HOST } })
    assert.throws(() => one.check({ method: 'GET', headers: { host: 'evil.example' } }))
  })

  const CHANGES = [
    { it: 'a program', headers: {}, allowed: true },
    { it: 'a page of the same origin', headers: { origin: `http://${HOST}` }, allowed: true },
    { it: 'the same origin over TLS', headers: { origin: `https://${HOST}` }, allowed: true },
    { it: 'an allowed origin', headers: { origin: 'https://shop.example' }, allowed: true },
    {
      it: 'an allowed origin that says it is another site',
      headers: { origin: 'https://shop.example', 'sec-fetch-site': 'cross-site' },
      allowed: true,
    },
    { it: 'a person', headers: { 'sec-fetch-site': 'none' }, allowed: true },
    { it: 'a foreign origin', headers: { origin: 'http://evil.example' }, allowed: false },
    { it: 'an origin that hides', headers: { origin: 'null' }, allowed: false },
    { it: 'another port of the same host', headers: { origin: 'http://127.0.0.1:9' }, allowed: false },
    { it: 'another site without origin', headers: { 'sec-fetch-site': 'cross-site' }, allowed: false },
    { it: 'a sibling site', headers: { 'sec-fetch-site': 'same-site' }, allowed: false },
    {
      it: 'a page that was rebound and claims its own name',
      headers: { origin: 'http://evil.example', 'sec-fetch-site': 'cross-site' },
      allowed: false,
    },
  ]
  for (const { it: name, headers, allowed } of CHANGES) {
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
      it(`${allowed ? 'lets' : 'does not let'} ${name} change something by ${method}`, () => {
        const attempt = () => check(headers, { method })
        if (allowed) assert.doesNotThrow(attempt)
        else assert.throws(attempt, { code: 'permission_denied', reason: 'foreign_origin' })
      })
    }
    it(`lets ${name} ask: the browser shows answers only to whom CORS allows`, () => {
      assert.doesNotThrow(() => check(headers, { method: 'GET' }))
    })
  }

  it('lets every origin change something when all are allowed', () => {
    assert.doesNotThrow(() => check({ origin: 'http://evil.example' }, { allowedOrigins: ['*'] }))
  })
})
