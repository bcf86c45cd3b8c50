import assert from 'node:assert/strict'
import type { Scope } from '../../../frontend/security/authorizer.ts'
import { TokenAuthorizer } from '../../../frontend/security/token-authorizer.ts'
import type { KnownToken } from '../../../frontend/security/token.ts'
import { bearer, knownToken, tokenText } from '../../support/tokens.ts'

const EXPIRY_MS = 5_000

describe('TokenAuthorizer', () => {
  let nowMs: number
  let tokens: readonly KnownToken[]
  let authorizer: TokenAuthorizer

  beforeEach(() => {
    nowMs = 1_000
    tokens = [
      knownToken('caller', ['inference']),
      knownToken('shop', ['inference'], { models: new Set(['digits']) }),
      knownToken('operator', ['management', 'metrics']),
      knownToken('late', ['inference'], { expiresAtMs: EXPIRY_MS }),
    ]
    authorizer = new TokenAuthorizer({ tokens: () => tokens, nowMs: () => nowMs })
  })

  function check(
    authorization: string | undefined,
    scope: Scope,
    model?: string,
    remoteAddress = '10.0.0.1',
  ) {
    return authorizer.check({ authorization, remoteAddress }, scope, model)
  }

  const ACCEPTED: { it: string; token: string; scope: Scope; model?: string }[] = [
    { it: 'a token of the scope', token: 'caller', scope: 'inference', model: 'iris' },
    { it: 'any of the scopes of a token', token: 'operator', scope: 'metrics' },
    { it: 'a model that the token is for', token: 'shop', scope: 'inference', model: 'digits' },
    { it: 'a token for certain models before the model is known', token: 'shop', scope: 'inference' },
    { it: 'a token that has not expired', token: 'late', scope: 'inference' },
  ]
  for (const c of ACCEPTED) {
    it(`accepts ${c.it}`, () => {
      assert.doesNotThrow(() => check(bearer(tokenText(c.token)), c.scope, c.model))
    })
  }

  const REFUSED: {
    it: string
    header: string | undefined
    scope: Scope
    model?: string
    code: string
    reason: string
  }[] = [
    {
      it: 'no header',
      header: undefined,
      scope: 'inference',
      code: 'unauthenticated',
      reason: 'token_missing',
    },
    { it: 'an empty one', header: '', scope: 'inference', code: 'unauthenticated', reason: 'token_missing' },
    {
      it: 'another scheme',
      header: `Basic ${tokenText('caller')}`,
      scope: 'inference',
      code: 'unauthenticated',
      reason: 'token_missing',
    },
    {
      it: 'two tokens in one header',
      header: bearer(`${tokenText('caller')} ${tokenText('caller')}`),
      scope: 'inference',
      code: 'unauthenticated',
      reason: 'token_missing',
    },
    {
      it: 'an unknown token',
      header: bearer(tokenText('nobody')),
      scope: 'inference',
      code: 'unauthenticated',
      reason: 'token_unknown',
    },
    {
      it: 'a beginning of a token',
      header: bearer(tokenText('caller').slice(0, -1)),
      scope: 'inference',
      code: 'unauthenticated',
      reason: 'token_unknown',
    },
    {
      it: 'a digest in place of its token',
      header: bearer(knownToken('caller', []).digest.toString('hex')),
      scope: 'inference',
      code: 'unauthenticated',
      reason: 'token_unknown',
    },
    {
      it: 'a token without the scope',
      header: bearer(tokenText('caller')),
      scope: 'management',
      code: 'permission_denied',
      reason: 'token_scope',
    },
    {
      it: 'a model that the token is not for',
      header: bearer(tokenText('shop')),
      scope: 'inference',
      model: 'iris',
      code: 'permission_denied',
      reason: 'token_model',
    },
  ]
  for (const c of REFUSED) {
    it(`refuses ${c.it}, and does not repeat what it got`, () => {
      assert.throws(
        () => check(c.header, c.scope, c.model),
        (error: Error & { code: string; reason: string }) => {
          assert.deepEqual([error.code, error.reason], [c.code, c.reason])
          assert.ok(!error.message.includes(tokenText('caller').slice(0, 8)), error.message)
          return true
        },
      )
    })
  }

  it('takes the scheme in any case', () => {
    assert.doesNotThrow(() => check(`bEARER ${tokenText('caller')}`, 'inference'))
  })

  it('refuses a token from the moment at which it expires', () => {
    nowMs = EXPIRY_MS
    assert.throws(() => check(bearer(tokenText('late')), 'inference'), { reason: 'token_expired' })
  })

  it('grants the models of the token, or all', () => {
    assert.deepEqual(check(bearer(tokenText('shop')), 'inference').models, new Set(['digits']))
    assert.equal(check(bearer(tokenText('caller')), 'inference').models, undefined)
  })

  it('follows its source of tokens', () => {
    tokens = []
    assert.throws(() => check(bearer(tokenText('caller')), 'inference'), { reason: 'token_unknown' })
  })

  describe('after many wrong tokens from one address', () => {
    function guess(times: number, remoteAddress = '10.0.0.1') {
      for (let i = 0; i < times; i++) {
        assert.throws(() => check(bearer(tokenText(`guess ${i}`)), 'inference', undefined, remoteAddress), {
          reason: 'token_unknown',
        })
      }
    }

    it('makes the address wait, and says how long', () => {
      guess(11)
      assert.throws(() => check(bearer(tokenText('next')), 'inference'), {
        code: 'resource_exhausted',
        reason: 'token_failures',
        retryAfterMs: 1000,
      })
    })

    it('makes a good token wait too, or guessing would go on', () => {
      guess(11)
      assert.throws(() => check(bearer(tokenText('caller')), 'inference'), { reason: 'token_failures' })
    })

    it('lets a token pass that worked from there before', () => {
      guess(1)
      check(bearer(tokenText('caller')), 'inference')
      guess(10)
      assert.doesNotThrow(() => check(bearer(tokenText('caller')), 'inference'))
    })

    it('lets other addresses pass', () => {
      guess(11)
      assert.doesNotThrow(() => check(bearer(tokenText('caller')), 'inference', undefined, '10.0.0.2'))
    })

    it('forgets when the wait is over', () => {
      guess(11)
      nowMs += 1000
      assert.doesNotThrow(() => check(bearer(tokenText('caller')), 'inference'))
    })

    it('does not count requests without a token', () => {
      for (let i = 0; i < 20; i++) assert.throws(() => check(undefined, 'inference'))
      assert.doesNotThrow(() => check(bearer(tokenText('caller')), 'inference'))
    })
  })
})
