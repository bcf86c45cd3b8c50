import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { SettingKey } from '../../frontend/config/schema.ts'
import type { KeyRecords } from '../../frontend/security/key-file.ts'
import { http, type HttpCall } from '../support/http-client.ts'
import { SecuredFixture, type SecuredOptions } from '../support/secured-fixture.ts'
import { temporaryDirectory } from '../support/server-process.ts'
import { bearer, tokenText } from '../support/tokens.ts'

type Listener = keyof SecuredFixture['urls']

const ENVIRONMENT = {
  ONNXSERVE_INFERENCE_TOKEN: tokenText('inference'),
  ONNXSERVE_MANAGEMENT_TOKEN: tokenText('management'),
  ONNXSERVE_METRICS_TOKEN: tokenText('metrics'),
  ONNXSERVE_ADMIN_TOKEN: tokenText('admin'),
}

describe('Security', () => {
  let fixture: SecuredFixture | undefined

  afterEach(async () => {
    await fixture?.close()
    fixture = undefined
  })

  async function open(options: SecuredOptions = {}): Promise<SecuredFixture> {
    fixture = await SecuredFixture.open(options)
    return fixture
  }

  async function status(listener: Listener, path: string, call: HttpCall & { readonly token?: string } = {}) {
    const { token, headers = {}, ...rest } = call
    const authorization = token === undefined ? {} : { authorization: bearer(token) }
    const url = `${fixture?.urls[listener] ?? ''}${path}`
    return (await http(url, { ...rest, headers: { ...headers, ...authorization } })).status
  }

  it('asks for nothing on loopback without tokens', async () => {
    await open()
    assert.deepEqual(
      [
        await status('inference', '/'),
        await status('management', '/models'),
        await status('metrics', '/metrics'),
      ],
      [200, 200, 200],
    )
  })

  it('asks for tokens as soon as some are given', async () => {
    await open({ environment: ENVIRONMENT })
    const of = async (token: string) => [
      await status('inference', '/', { token: tokenText(token) }),
      await status('management', '/models', { token: tokenText(token) }),
      await status('metrics', '/metrics', { token: tokenText(token) }),
    ]
    assert.deepEqual(await of('inference'), [200, 403, 403])
    assert.deepEqual(await of('management'), [403, 200, 403])
    assert.deepEqual(await of('metrics'), [403, 403, 200])
    assert.deepEqual(await of('nobody'), [401, 401, 401])
  })

  it('asks for none when told so, though some are given', async () => {
    await open({ environment: ENVIRONMENT, flags: { disableTokenAuthorization: 'true' } })
    assert.equal(await status('management', '/models'), 200)
  })

  it('reads the token file again when it changes, and keeps the tokens when it is broken', async () => {
    const { security, directory, lines } = await openWithTokenFile('old')
    const path = join(directory, 'tokens.json')
    assert.equal(await status('inference', '/', { token: tokenText('old') }), 200)
    await writeFile(path, fileWith('new'))
    security.authorization.checkFiles()
    assert.equal(await status('inference', '/', { token: tokenText('old') }), 401)
    assert.equal(await status('inference', '/', { token: tokenText('new') }), 200)
    await writeFile(path, '{')
    security.authorization.checkFiles()
    assert.equal(await status('inference', '/', { token: tokenText('new') }), 200)
    assert.match(lines.join(''), /"level":"error".*not valid JSON.*stay in force/)
  })

  async function openWithTokenFile(name: string): Promise<SecuredFixture> {
    const directory = await temporaryDirectory()
    await writeFile(join(directory, 'tokens.json'), fileWith(name))
    fixture = await SecuredFixture.open({ flags: { tokenFile: 'tokens.json' } }, directory)
    return fixture
  }

  function fileWith(name: string): string {
    return JSON.stringify({ tokens: [{ name, token: tokenText(name), scopes: ['inference'] }] })
  }

  it('makes keys where tokens are on and none are given, and renews them for the API key alone', async () => {
    const { directory } = await open({ flags: { tokenAuthorization: 'on' } })
    const records = async () =>
      JSON.parse(await readFile(join(directory, 'key_file.json'), 'utf8')) as KeyRecords
    const { inference, management, API } = await records()
    assert.equal(await status('inference', '/', { token: inference.key }), 200)
    assert.equal(await status('management', '/token?type=inference', { token: management.key }), 403)
    assert.equal(await status('management', '/token?type=API', { token: API.key }), 400)
    assert.equal(await status('management', '/token', { token: API.key }), 400)
    assert.equal(await status('management', '/token?type=inference', { token: API.key }), 200)
    assert.notEqual((await records()).inference.key, inference.key)
    assert.equal(await status('inference', '/', { token: (await records()).inference.key }), 200)
  })

  const NOTHING_TO_RENEW = [
    { it: 'the tokens come from the operator', options: { environment: ENVIRONMENT } },
    { it: 'no tokens are asked for', options: {} },
  ]
  for (const c of NOTHING_TO_RENEW) {
    it(`renews no key where ${c.it}`, async () => {
      await open(c.options)
      assert.equal(await status('management', '/token?type=inference', { token: tokenText('admin') }), 409)
    })
  }

  const REFUSED: { it: string; flags: Partial<Record<SettingKey, string>>; message: RegExp }[] = [
    {
      it: 'a management address that anybody reaches',
      flags: { managementAddress: 'http://0.0.0.0:0' },
      message: /^management_address is 0\.0\.0\.0/,
    },
    {
      it: 'an inference address that anybody reaches',
      flags: { inferenceAddress: 'http://[::]:0' },
      message: /^inference_address is ::/,
    },
    {
      it: 'a metrics address that anybody reaches',
      flags: { metricsAddress: 'http://0.0.0.0:0' },
      message: /^metrics_address is 0\.0\.0\.0/,
    },
    {
      it: "TorchServe's open metrics where anybody reaches them",
      flags: { metricsAddress: 'http://0.0.0.0:0', compatibility: 'torchserve' },
      message: /^metrics_address is 0\.0\.0\.0/,
    },
    {
      it: 'https without a certificate',
      flags: { inferenceAddress: 'https://127.0.0.1:0' },
      message: /^inference_address asks for TLS.*certificate_file/,
    },
    { it: 'a token file that is not there', flags: { tokenFile: 'none.json' }, message: /none\.json/ },
    { it: 'a key without its certificate', flags: { privateKeyFile: 'k.pem' }, message: /certificate_file/ },
  ]
  for (const c of REFUSED) {
    it(`does not start with ${c.it}`, async () => {
      await assert.rejects(open({ flags: c.flags }), { code: 'invalid_argument', message: c.message })
    })
  }

  it('starts on all interfaces with tokens, and warns that they can be read', async () => {
    const { lines } = await open({
      environment: ENVIRONMENT,
      flags: { managementAddress: 'http://0.0.0.0:0' },
    })
    assert.match(lines.join(''), /"level":"warn".*management_address is 0\.0\.0\.0 without TLS/)
  })

  describe('on loopback', () => {
    const HOSTS = [
      { listener: 'management', path: '/models', host: 'evil.example', expected: 421 },
      { listener: 'management', path: '/models', host: 'localhost:1', expected: 200 },
      { listener: 'inference', path: '/', host: 'evil.example', expected: 421 },
      { listener: 'metrics', path: '/metrics', host: 'evil.example', expected: 421 },
      { listener: 'inference', path: '/', host: 'models.example', expected: 200 },
    ] as const
    for (const { listener, path, host, expected } of HOSTS) {
      it(`answers ${expected} to the Host ${host} on ${listener}`, async () => {
        await open({ flags: { allowedHosts: 'models.example' } })
        assert.equal(await status(listener, path, { headers: { host } }), expected)
      })
    }

    it('does not mind the Host where a token is needed anyway, but for management', async () => {
      await open({ environment: ENVIRONMENT })
      const headers = { host: 'models.example' }
      const token = (name: string) => ({ headers, token: tokenText(name) })
      assert.equal(await status('inference', '/', token('inference')), 200)
      assert.equal(await status('management', '/models', token('management')), 421)
    })

    for (const method of ['POST', 'PUT', 'DELETE']) {
      it(`refuses ${method} for a page of another origin, and nothing happens`, async () => {
        const { controlPlane } = await open()
        const path = method === 'POST' ? '/models?url=digits.mar' : '/models/digits'
        const headers = { origin: 'https://evil.example', 'content-type': 'text/plain' }
        assert.equal(await status('management', path, { method, headers }), 403)
        assert.deepEqual(controlPlane.calls, [])
      })
    }
  })

  describe('where other machines reach a listener without a token', () => {
    const HOSTS = [
      { listener: 'management', path: '/models', host: 'evil.example', expected: 421 },
      { listener: 'management', path: '/models', host: '192.0.2.1:8081', expected: 200 },
      { listener: 'inference', path: '/', host: 'models.example', expected: 200 },
    ] as const
    for (const { listener, path, host, expected } of HOSTS) {
      it(`answers ${expected} to the Host ${host} on ${listener}`, async () => {
        const anywhere = 'http://0.0.0.0:0'
        await open({
          flags: {
            inferenceAddress: anywhere,
            managementAddress: anywhere,
            allowUnauthenticatedExposure: 'true',
          },
        })
        assert.equal(await status(listener, path, { headers: { host } }), expected)
      })
    }
  })

  describe('without the model API', () => {
    it('refuses to register and unregister, and scales', async () => {
      const { controlPlane } = await open({ flags: { enableModelApi: 'false' } })
      assert.deepEqual(
        [
          await status('management', '/models?url=digits.mar', { method: 'POST' }),
          await status('management', '/models/digits', { method: 'DELETE' }),
        ],
        [405, 405],
      )
      assert.deepEqual(controlPlane.calls, [])
      assert.equal(await status('management', '/models/digits?min_worker=1', { method: 'PUT' }), 200)
    })

    it('is how TorchServe starts', async () => {
      await open({ flags: { compatibility: 'torchserve', tokenAuthorization: 'off' } })
      assert.equal(await status('management', '/models?url=digits.mar', { method: 'POST' }), 405)
    })
  })

  it('answers a preflight before it asks for a token, and names allowed origins alone', async () => {
    const { urls } = await open({
      environment: ENVIRONMENT,
      flags: {
        corsAllowedOrigin: 'https://shop.example, https://desk.example',
        corsAllowedMethods: 'POST',
        corsAllowedHeaders: 'authorization, content-type',
      },
    })
    const preflight = async (origin: string) => {
      const headers = { origin, 'access-control-request-method': 'POST' }
      return http(`${urls.inference}/predictions/digits`, { method: 'OPTIONS', headers })
    }
    const allowed = await preflight('https://desk.example')
    assert.deepEqual(
      [
        allowed.status,
        allowed.headers['access-control-allow-origin'],
        allowed.headers['access-control-allow-methods'],
        allowed.headers['access-control-allow-headers'],
      ],
      [204, 'https://desk.example', 'POST', 'authorization, content-type'],
    )
    const refused = await preflight('https://evil.example')
    assert.deepEqual([refused.status, refused.headers['access-control-allow-origin']], [204, undefined])
  })

  it('writes no token into its log, wherever a caller puts it', async () => {
    const { urls, lines } = await open({ environment: ENVIRONMENT })
    const token = tokenText('inference')
    const wrong = tokenText('nobody')
    const headers = { authorization: bearer(token) }
    await http(`${urls.inference}/predictions/digits?token=${token}`, { body: '{}', headers })
    await http(`${urls.inference}/predictions/digits`, {
      body: '{}',
      headers: { authorization: bearer(wrong) },
    })
    await http(`${urls.management}/models`, { headers })
    await http(`${urls.management}/models?authorization=${token}`)
    const log = lines.join('')
    assert.match(log, /"path":"\/predictions\/digits"/)
    for (const secret of [token, wrong]) assert.ok(!log.includes(secret), log)
  })
})
