import type { Scope } from '../../frontend/security/authorizer.ts'
import { digestOf, type KnownToken } from '../../frontend/security/token.ts'

/** A text with the shape of a real token, and the same for the same name. */
export function tokenText(name: string): string {
  return digestOf(`test ${name}`).toString('base64url')
}

export function knownToken(
  name: string,
  scopes: readonly Scope[],
  extra: Partial<KnownToken> = {},
): KnownToken {
  return { name, digest: digestOf(tokenText(name)), scopes: new Set(scopes), ...extra }
}

export function bearer(token: string): string {
  return `Bearer ${token}`
}
