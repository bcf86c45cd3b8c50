import { createHash } from 'node:crypto'
import type { Scope } from './authorizer.ts'
import { securityConfigError } from './errors.ts'

/** A token as the server keeps it: never the token itself. */
export type KnownToken = {
  /** For messages and logs. */
  readonly name: string
  /** SHA-256 of the token. */
  readonly digest: Buffer
  readonly scopes: ReadonlySet<Scope>
  /** Absent: every model. */
  readonly models?: ReadonlySet<string>
  /** Milliseconds since 1970; absent: never. */
  readonly expiresAtMs?: number
}

export const DIGEST_BYTES = 32
const MIN_BITS = 128
/** Fewer different characters than this come from a hand on a keyboard, not from a random generator. */
const MIN_DISTINCT_CHARACTERS = 10
/** @see RFC 6750, section 2.1 */
const TOKEN_PATTERN = /^[A-Za-z0-9._~+/-]+=*$/

/** Tokens are long and random, so one round is enough: there is no dictionary to slow down. */
export function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}

/**
 * The digest of a token that an operator supplied.
 *
 * @param where names the token in messages, for example `token 'ci' in tokens.json`
 * @throws ServingError `invalid_argument` when it could be guessed, or could not be sent in a header
 */
export function digestOfSupplied(token: string, where: string): Buffer {
  if (!TOKEN_PATTERN.test(token)) {
    throw securityConfigError(`${where} has characters that no header can carry; ${ADVICE}`)
  }
  const bits = maximalBits(token)
  if (bits < MIN_BITS) {
    throw securityConfigError(
      `${where} has at most ${bits} bits (${token.length} characters); at least ${MIN_BITS} are needed: ${ADVICE}`,
    )
  }
  if (new Set(token).size < MIN_DISTINCT_CHARACTERS) {
    throw securityConfigError(`${where} repeats the same few characters; ${ADVICE}`)
  }
  return digestOf(token)
}

const ADVICE = "make one with 'openssl rand -hex 32'"

/** What a random generator can have put into the text at most. */
function maximalBits(token: string): number {
  const characters = token.replace(/=+$/, '').length
  return characters * (/^[0-9A-Fa-f]+$/.test(token) ? 4 : 6)
}
