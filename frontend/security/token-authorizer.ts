import { timingSafeEqual } from 'node:crypto'
import type { Authorizer, Caller, Grant, Scope } from './authorizer.ts'
import {
  tokenExpired,
  tokenLacksScope,
  tokenMissing,
  tokenNotForModel,
  tokenUnknown,
  tooManyFailedTokens,
} from './errors.ts'
import { FailedAttempts } from './failed-attempts.ts'
import { digestOf, type KnownToken } from './token.ts'

export type TokenAuthorizerOptions = {
  /** Asked at every check, so that a rotation or a changed file counts at once. */
  readonly tokens: () => readonly KnownToken[]
  /** Wall clock, in milliseconds since 1970: tokens expire by the calendar. */
  readonly nowMs: () => number
}

const BEARER = /^Bearer +([^ ]+) *$/i

/** Lets those pass who bring a token that is known, has not expired, and has the scope. */
export class TokenAuthorizer implements Authorizer {
  readonly #tokens: () => readonly KnownToken[]
  readonly #nowMs: () => number
  readonly #failures: FailedAttempts

  constructor({ tokens, nowMs }: TokenAuthorizerOptions) {
    this.#tokens = tokens
    this.#nowMs = nowMs
    this.#failures = new FailedAttempts(nowMs)
  }

  check(caller: Caller, scope: Scope, model?: string): Grant {
    const token = this.#authenticate(caller, scope)
    if (!token.scopes.has(scope)) throw tokenLacksScope(token.name, token.scopes, scope)
    if (model !== undefined && token.models?.has(model) === false) throw tokenNotForModel(token.name, model)
    return token
  }

  #authenticate({ authorization, remoteAddress }: Caller, scope: Scope): KnownToken {
    const text = authorization === undefined ? undefined : BEARER.exec(authorization)?.[1]
    if (text === undefined) throw tokenMissing(scope)
    const token = this.#find(text)
    const waitMs = this.#failures.waitMs(remoteAddress, token?.name)
    if (waitMs > 0) throw tooManyFailedTokens(waitMs)
    if (token === undefined) {
      this.#failures.failed(remoteAddress)
      throw tokenUnknown()
    }
    const { name, expiresAtMs } = token
    if (expiresAtMs !== undefined && expiresAtMs <= this.#nowMs()) throw tokenExpired(name, expiresAtMs)
    this.#failures.succeeded(remoteAddress, name)
    return token
  }

  /** Compares digests, all of them, each in constant time: neither a prefix nor a position shows in the time. */
  #find(text: string): KnownToken | undefined {
    const digest = digestOf(text)
    let found: KnownToken | undefined
    for (const token of this.#tokens()) {
      if (timingSafeEqual(token.digest, digest)) found = token
    }
    return found
  }
}
