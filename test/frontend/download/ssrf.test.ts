import assert from 'node:assert/strict'
import { ArchiveFetcher } from '../../../frontend/download/archive-fetcher.ts'
import { OriginServer } from '../../support/origin-server.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

/** A server on this machine that must not hear of any of it; its port is allowed under every name. */
describe('a fetch that policy forbids', () => {
  let canary: OriginServer
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>
  beforeEach(async () => {
    canary = await OriginServer.open()
    directory = await temporaryDirectory()
  })
  afterEach(async () => {
    await canary.close()
    await directory.remove()
  })

  type Given = { readonly hosts?: readonly string[]; readonly addresses?: readonly (readonly string[])[] }

  /** @param addresses what the name is resolved to, one after the other */
  function fetcher({ hosts = [], addresses = [['127.0.0.1']] }: Given, allowPrivateAddresses = false) {
    const answers = [...addresses]
    const names = ['models.example', ...hosts].map((host) => `${host}:${canary.port}`)
    return new ArchiveFetcher({
      allowed: names.map((name) => {
        const { host } = new URL(`http://${name}`)
        return { protocol: 'http:', host, path: '/' }
      }),
      allowPrivateAddresses,
      maxBytes: 100,
      timeoutMs: 5000,
      directory: directory.path,
      resolve: async () => answers.shift() ?? ['127.0.0.1'],
    })
  }

  const HOSTS = [
    '127.0.0.1',
    '2130706433',
    '0x7f000001',
    '0177.0.0.1',
    '0x7f.1',
    '127.1',
    '0',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[64:ff9b::7f00:1]',
    '[2002:7f00:1::]',
    '[::127.0.0.1]',
    '169.254.169.254',
  ]
  for (const host of HOSTS) {
    it(`is refused for http://${host}, although the name is allowed`, async () => {
      const fetching = fetcher({ hosts: [host] }).fetch(`http://${host}:${canary.port}/m.mar`)
      await assert.rejects(fetching, { code: 'permission_denied', reason: 'download' })
      assert.equal(canary.connections, 0)
    })
  }

  const NAMES = [
    { it: 'a name of this machine', addresses: [['127.0.0.1']] },
    { it: 'a name with one good address and one of this machine', addresses: [['8.8.8.8', '127.0.0.1']] },
    { it: 'a name of the metadata service', addresses: [['169.254.169.254']] },
    { it: 'a name with a mapped address', addresses: [['::ffff:127.0.0.1']] },
    { it: 'a name that is not allowed', addresses: [['127.0.0.1']], host: 'evil.example' },
  ]
  for (const { it: claim, addresses, host = 'models.example' } of NAMES) {
    it(`is refused for ${claim}`, async () => {
      const fetching = fetcher({ addresses }).fetch(`http://${host}:${canary.port}/m.mar`)
      await assert.rejects(fetching, { code: 'permission_denied' })
      assert.equal(canary.connections, 0)
    })
  }

  it('asks for the address of a name once, so that a second answer cannot lead elsewhere', async () => {
    const asked: string[] = []
    const rebinding = new ArchiveFetcher({
      allowed: [{ protocol: 'http:', host: `models.example:${canary.port}`, path: '/' }],
      allowPrivateAddresses: true,
      maxBytes: 100,
      timeoutMs: 5000,
      directory: directory.path,
      resolve: async (host) => {
        asked.push(host)
        // Nobody listens at the first, and the canary at the second.
        return asked.length === 1 ? ['127.0.0.2'] : ['127.0.0.1']
      },
    })
    await assert.rejects(rebinding.fetch(`http://models.example:${canary.port}/m.mar`))
    assert.deepEqual([asked, canary.connections], [['models.example'], 0])
  })

  describe('by a redirect', () => {
    let origin: OriginServer
    let location: string
    beforeEach(async () => {
      origin = await OriginServer.open((_, res) => res.writeHead(302, { location }).end())
    })
    afterEach(() => origin.close())

    type Ports = { readonly canary: number; readonly origin: number }
    const REDIRECTS: readonly {
      readonly it: string
      readonly to: (ports: Ports) => string
      readonly second?: string
    }[] = [
      { it: 'to another host', to: (ports) => `http://evil.example:${ports.canary}/m.mar` },
      { it: 'to this machine by its address', to: (ports) => `http://127.0.0.1:${ports.canary}/m.mar` },
      { it: 'to this machine in decimal', to: (ports) => `http://2130706433:${ports.canary}/m.mar` },
      { it: 'to another port of its host', to: (ports) => `http://models.example:${ports.canary}/m.mar` },
      { it: 'to a file', to: () => 'file:///etc/passwd' },
      { it: 'with a password', to: (ports) => `http://u:p@models.example:${ports.origin}/m.mar` },
      { it: 'to the metadata service', to: () => 'http://169.254.169.254/latest/meta-data/' },
      {
        it: 'to its own name, which has become the metadata service',
        to: (ports) => `http://models.example:${ports.origin}/m.mar`,
        second: '169.254.169.254',
      },
    ]
    for (const { it: claim, to, second = '127.0.0.1' } of REDIRECTS) {
      it(`is refused ${claim}`, async () => {
        location = to({ canary: canary.port, origin: origin.port })
        const start = `http://models.example:${origin.port}/m.mar`
        const answers = [['127.0.0.1'], [second]]
        const fetching = new ArchiveFetcher({
          allowed: [{ protocol: 'http:', host: `models.example:${origin.port}`, path: '/' }],
          allowPrivateAddresses: true,
          maxBytes: 100,
          timeoutMs: 5000,
          directory: directory.path,
          resolve: async () => answers.shift() ?? [],
        }).fetch(start)
        await assert.rejects(fetching, { code: 'permission_denied' })
        assert.deepEqual([origin.connections, canary.connections], [1, 0])
      })
    }
  })
})
