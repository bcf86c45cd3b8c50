import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import type { SettingKey } from '../../frontend/config/schema.ts'
import { identity, type Identity } from '../support/certificates.ts'
import { KEYSTORE } from '../support/keystore.ts'
import { rawExchange } from '../support/raw-http.ts'
import { SecuredFixture } from '../support/secured-fixture.ts'
import { removeDirectory, temporaryDirectory } from '../support/server-process.ts'

type Reply = { readonly status: number; readonly name: string; readonly protocol: string | null }

const PEM = { certificateFile: 'cert.pem', privateKeyFile: 'key.pem' } as const

describe('TLS of the HTTP listeners', function () {
  this.timeout(20_000)
  let first: Identity
  let second: Identity
  let client: Identity
  let directory: string
  let fixture: SecuredFixture | undefined
  let agents: Agent[]

  before(async () => {
    ;[first, second, client] = (await Promise.all(['first', 'second', 'client'].map(identity))) as [
      Identity,
      Identity,
      Identity,
    ]
  })

  beforeEach(async () => {
    agents = []
    directory = await temporaryDirectory()
    await writeIdentity(first)
    await writeFile(join(directory, 'ca.pem'), client.cert)
  })

  afterEach(async () => {
    for (const each of agents) each.destroy()
    await fixture?.close()
    fixture = undefined
    await removeDirectory(directory)
  })

  async function writeIdentity({ cert, key }: Identity): Promise<void> {
    await writeFile(join(directory, 'cert.pem'), cert)
    await writeFile(join(directory, 'key.pem'), key)
  }

  async function open(flags: Readonly<Partial<Record<SettingKey, string>>> = PEM): Promise<SecuredFixture> {
    const inferenceAddress = 'https://127.0.0.1:0'
    fixture = await SecuredFixture.open({ flags: { inferenceAddress, ...flags } }, directory)
    return fixture
  }

  function agent(options: ConstructorParameters<typeof Agent>[0] = {}): Agent {
    const made = new Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false, ...options })
    agents.push(made)
    return made
  }

  async function get(by: Agent): Promise<Reply> {
    const outgoing = request(`${fixture?.urls.inference ?? ''}/live`, { agent: by })
    outgoing.end()
    const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage]
    const socket = incoming.socket as TLSSocket // the request was made over TLS
    const name = socket.getPeerCertificate().subject?.CN ?? ''
    const protocol = socket.getProtocol()
    incoming.resume()
    await once(incoming, 'end')
    return { status: incoming.statusCode ?? 0, name: String(name), protocol }
  }

  it('serves https with the certificate of the settings, and says so in its URL', async () => {
    const { urls } = await open()
    assert.match(urls.inference, /^https:\/\/127\.0\.0\.1:\d+$/)
    assert.deepEqual(await get(agent()), { status: 200, name: 'first', protocol: 'TLSv1.3' })
  })

  it('speaks TLS 1.2, and nothing older', async () => {
    await open()
    assert.equal((await get(agent({ maxVersion: 'TLSv1.2' }))).protocol, 'TLSv1.2')
    await assert.rejects(get(agent({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1' })))
  })

  it('ends a connection that does not speak TLS', async () => {
    const { urls } = await open()
    const url = urls.inference.replace('https', 'http')
    assert.doesNotMatch(await rawExchange(url, 'GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n'), /200 OK/)
  })

  it('shows a new certificate to new connections, and keeps the open ones', async () => {
    const { security } = await open()
    const early = agent()
    await get(early)
    await writeIdentity(second)
    security.tls?.checkFiles()
    assert.equal((await get(early)).name, 'first')
    assert.equal((await get(agent())).name, 'second')
    assert.equal((await get(agent({ maxVersion: 'TLSv1.2' }))).protocol, 'TLSv1.2')
  })

  it('keeps the certificate in use while the new key has not come, and tells its log', async () => {
    const { security, lines } = await open()
    await writeFile(join(directory, 'cert.pem'), second.cert)
    security.tls?.checkFiles()
    assert.equal((await get(agent())).name, 'first')
    assert.match(lines.join(''), /"level":"error".*stays in use/)
    await writeFile(join(directory, 'key.pem'), second.key)
    security.tls?.checkFiles()
    assert.equal((await get(agent())).name, 'second')
  })

  it('refuses clients without a certificate, or with another one, when it asks for them', async () => {
    await open({ ...PEM, clientCaFile: 'ca.pem' })
    await assert.rejects(get(agent()))
    await assert.rejects(get(agent({ cert: second.cert, key: second.key })))
    assert.equal((await get(agent({ cert: client.cert, key: client.key }))).status, 200)
  })

  it('may be reached by other machines when clients show certificates', async () => {
    const { lines } = await open({ ...PEM, clientCaFile: 'ca.pem', inferenceAddress: 'https://0.0.0.0:0' })
    assert.doesNotMatch(lines.join(''), /"level":"warn"/)
  })

  const REFUSED = [
    { it: 'a key of another certificate', key: () => second.key, message: /belong together/ },
    { it: 'a key that is none', key: () => 'no key', message: /key\.pem.*cannot be used/ },
  ]
  for (const c of REFUSED) {
    it(`does not start with ${c.it}`, async () => {
      await writeFile(join(directory, 'key.pem'), c.key())
      await assert.rejects(open(), { code: 'invalid_argument', message: c.message })
    })
  }

  it('serves with the certificate of a keystore', async () => {
    await writeFile(join(directory, 'store.p12'), KEYSTORE)
    await open({ keystore: 'store.p12', keystorePass: 'changeit' })
    assert.equal((await get(agent())).name, 'keystore')
  })

  const STORES = [
    {
      it: 'a keystore that its password does not open',
      store: KEYSTORE,
      message: /store\.p12.*cannot be used/,
    },
    { it: 'a keystore that is none', store: 'none', message: /store\.p12.*cannot be used/ },
  ]
  for (const c of STORES) {
    it(`does not start with ${c.it}, and keeps the password to itself`, async () => {
      await writeFile(join(directory, 'store.p12'), c.store)
      await assert.rejects(open({ keystore: 'store.p12', keystorePass: 'sesame' }), (error: Error) => {
        assert.match(error.message, c.message)
        assert.doesNotMatch(error.message, /sesame/)
        return true
      })
    })
  }

  it('does not start with a keystore beside a certificate', async () => {
    await assert.rejects(open({ ...PEM, keystore: 'store.p12' }), /both set/)
  })
})
