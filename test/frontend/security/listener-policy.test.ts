import assert from 'node:assert/strict'
import { listenerPolicy, type ListenerRequest } from '../../../frontend/security/listener-policy.ts'

const NAMES: Readonly<Record<string, readonly string[]>> = {
  localhost: ['127.0.0.1', '::1'],
  'split.example': ['127.0.0.1', '10.0.0.7'],
  'nowhere.example': [],
}

function decide(request: Partial<ListenerRequest>, allowUnauthenticatedExposure = false) {
  const { host, ...rest } = request
  return listenerPolicy(
    {
      setting: 'management_address',
      asksForTokens: false,
      asksForCertificates: false,
      encrypted: false,
      ...rest,
      ...(host === undefined ? {} : { host }),
    },
    { allowUnauthenticatedExposure, resolve: (name) => Promise.resolve(NAMES[name] ?? [name]) },
  )
}

describe('listenerPolicy', () => {
  const LOCAL = ['127.0.0.1', '127.8.9.10', '::1', '::ffff:127.0.0.1', 'localhost', undefined]
  for (const host of LOCAL) {
    it(`lets ${host ?? 'a unix socket'} be used by everybody on this machine`, async () => {
      const decision = await decide(host === undefined ? {} : { host })
      assert.deepEqual([decision.isLocal, decision.warnings], [true, []])
    })
  }

  const EXPOSED = ['0.0.0.0', '::', '10.0.0.7', '192.168.1.1', '169.254.1.1', '2001:db8::1', 'split.example']
  for (const host of EXPOSED) {
    it(`refuses ${host} without tokens, and names setting, address and remedies`, async () => {
      await assert.rejects(decide({ host }), {
        code: 'invalid_argument',
        message: new RegExp(`^management_address is ${host}, .*token_file.*allow_unauthenticated_exposure`),
      })
    })
  }

  it('says what to do about a listener that stays open as in TorchServe, though tokens are on', async () => {
    await assert.rejects(decide({ host: '0.0.0.0', isOpenAsInTorchServe: true }), {
      message: /compatibility=torchserve asks for no token there; .*compatibility=strict, .*allow_unauth/,
    })
  })

  const ALLOWED: { it: string; request: Partial<ListenerRequest>; allow?: boolean; warning?: RegExp }[] = [
    { it: 'with tokens over TLS', request: { asksForTokens: true, encrypted: true } },
    { it: 'with certificates of the clients', request: { asksForCertificates: true, encrypted: true } },
    { it: 'with tokens, and warns that they can be read', request: { asksForTokens: true }, warning: /TLS/ },
    { it: 'when told so, and warns', request: {}, allow: true, warning: /without a token/ },
  ]
  for (const c of ALLOWED) {
    it(`exposes a listener ${c.it}`, async () => {
      const { isLocal, warnings } = await decide({ host: '0.0.0.0', ...c.request }, c.allow)
      assert.equal(isLocal, false)
      assert.match(warnings.join(), c.warning ?? /^$/)
    })
  }

  it('binds the address that it decided on, not the name', async () => {
    assert.equal((await decide({ host: 'localhost' })).host, '127.0.0.1')
  })

  it('refuses a name without an address', async () => {
    await assert.rejects(decide({ host: 'nowhere.example' }), /management_address.*'nowhere\.example'/)
  })

  it('resolves names by the system unless told otherwise', async () => {
    const request = { setting: 's', asksForTokens: false, asksForCertificates: false, encrypted: false }
    const { isLocal } = await listenerPolicy(
      { ...request, host: 'localhost' },
      { allowUnauthenticatedExposure: false },
    )
    assert.equal(isLocal, true)
  })
})
