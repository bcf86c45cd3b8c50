import assert from 'node:assert/strict'
import { TOKEN_VARIABLES } from '../../../frontend/config/settings/security.ts'
import { tokensFromEnvironment, tokensFromFile } from '../../../frontend/security/supplied-tokens.ts'
import { digestOf } from '../../../frontend/security/token.ts'
import { tokenText } from '../../support/tokens.ts'

const TOKEN = tokenText('supplied')
const WEAK = 'hunter2hunter2'

function file(...tokens: object[]): string {
  return JSON.stringify({ tokens })
}

describe('tokensFromFile', () => {
  it('reads names, scopes, models and expiry, and keeps the digest alone', () => {
    const text = file({
      name: 'shop',
      token: TOKEN,
      scopes: ['inference'],
      models: ['digits'],
      expires: '2030-01-31T00:00:00+01:00',
    })
    assert.deepEqual(tokensFromFile(text, 'tokens.json'), [
      {
        name: 'shop',
        digest: digestOf(TOKEN),
        scopes: new Set(['inference']),
        models: new Set(['digits']),
        expiresAtMs: Date.parse('2030-01-30T23:00:00Z'),
      },
    ])
  })

  it('takes a digest in place of the token', () => {
    const sha256 = digestOf(TOKEN).toString('hex').toUpperCase()
    const [token] = tokensFromFile(file({ name: 'ci', sha256, scopes: ['management'] }), 'tokens.json')
    assert.deepEqual(token?.digest, digestOf(TOKEN))
  })

  const good = { name: 'ci', token: TOKEN, scopes: ['inference'] }
  const REFUSED = [
    { it: 'text that is no JSON', text: `{"tokens": ["${TOKEN}`, message: /tokens\.json.*not valid JSON/ },
    { it: 'an empty list', text: file(), message: /tokens/ },
    { it: 'an unknown member', text: file({ ...good, scope: 'x' }), message: /tokens\.0.*scope/ },
    { it: 'an unknown scope', text: file({ ...good, scopes: ['root'] }), message: /scopes\.0.*inference/ },
    { it: 'no scope', text: file({ ...good, scopes: [] }), message: /scopes/ },
    { it: 'token and digest at once', text: file({ ...good, sha256: 'ab'.repeat(32) }), message: /token or/ },
    { it: 'neither token nor digest', text: file({ name: 'ci', scopes: ['metrics'] }), message: /token or/ },
    { it: 'a short digest', text: file({ ...good, token: undefined, sha256: 'ab' }), message: /64 hexa/ },
    { it: 'a bad name of a model', text: file({ ...good, models: ['../x'] }), message: /models\.0.*model/ },
    {
      it: 'models of a manager',
      text: file({ ...good, scopes: ['inference', 'management'], models: ['digits'] }),
      message: /inference alone/,
    },
    { it: 'a local time', text: file({ ...good, expires: '2030-01-31' }), message: /expires.*2030-01-31T/ },
    { it: 'two tokens of one name', text: file(good, good), message: /two tokens named 'ci'/ },
    {
      it: 'a token that is too short',
      text: file({ ...good, token: WEAK }),
      message: /84 bits.*128.*openssl/,
    },
    { it: 'a short hexadecimal one', text: file({ ...good, token: '0123456789abcdef' }), message: /64 bits/ },
    {
      it: 'one of few characters',
      text: file({ ...good, token: 'abcabcabcabcxyzxyzxyzabcabc' }),
      message: /repeats/,
    },
    { it: 'one with a blank', text: file({ ...good, token: `${TOKEN} x` }), message: /no header/ },
  ]
  for (const c of REFUSED) {
    it(`refuses ${c.it}, naming the place and not the token`, () => {
      assert.throws(
        () => tokensFromFile(c.text, 'tokens.json'),
        (error: Error & { reason?: string }) => {
          assert.match(error.message, c.message)
          assert.equal(error.reason, 'config')
          for (const secret of [TOKEN, WEAK]) assert.ok(!error.message.includes(secret), error.message)
          return true
        },
      )
    })
  }
})

describe('tokensFromEnvironment', () => {
  it('reads one token for each scope', () => {
    const environment = {
      ONNXSERVE_INFERENCE_TOKEN: TOKEN,
      ONNXSERVE_ADMIN_TOKEN: ` ${tokenText('admin')}\n`,
      ONNXSERVE_METRICS_TOKEN: '',
      HOME: '/root',
    }
    assert.deepEqual(
      tokensFromEnvironment(environment, TOKEN_VARIABLES).map(({ digest, scopes }) => [digest, [...scopes]]),
      [
        [digestOf(TOKEN), ['inference']],
        [digestOf(tokenText('admin')), ['admin']],
      ],
    )
  })

  it('refuses one that could be guessed, by the name of its variable', () => {
    assert.throws(
      () => tokensFromEnvironment({ ONNXSERVE_MANAGEMENT_TOKEN: WEAK }, TOKEN_VARIABLES),
      /^ServingError: ONNXSERVE_MANAGEMENT_TOKEN has at most 84 bits \(14 characters\)/,
    )
  })
})
