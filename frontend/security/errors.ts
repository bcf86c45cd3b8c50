import { ServingError } from '../../worker/contract/errors.ts'

/* What the server refuses for who asks, or for how it is set up. No message ever holds a token. */

export function tokenMissing(scope: string): ServingError {
  return new ServingError(
    'unauthenticated',
    `this needs a token with the scope '${scope}'; send it as the header 'Authorization: Bearer <token>'`,
    { reason: 'token_missing' },
  )
}

export function tokenUnknown(): ServingError {
  return new ServingError(
    'unauthenticated',
    'the token is not one that this server knows; ask its operator',
    {
      reason: 'token_unknown',
    },
  )
}

export function tokenExpired(name: string, expiredAtMs: number): ServingError {
  return new ServingError(
    'unauthenticated',
    `the token '${name}' expired at ${new Date(expiredAtMs).toISOString()}; ask for a new one`,
    { reason: 'token_expired' },
  )
}

export function tokenLacksScope(name: string, scopes: Iterable<string>, needed: string): ServingError {
  return new ServingError(
    'permission_denied',
    `the token '${name}' has the scope ${quotedList(scopes)}; this needs '${needed}'`,
    { reason: 'token_scope' },
  )
}

export function tokenNotForModel(name: string, model: string): ServingError {
  return new ServingError('permission_denied', `the token '${name}' is not for the model '${model}'`, {
    reason: 'token_model',
  })
}

export function tooManyFailedTokens(retryAfterMs: number): ServingError {
  return new ServingError(
    'resource_exhausted',
    `too many requests with wrong tokens came from this address; wait ${Math.ceil(retryAfterMs / 1000)} s`,
    { reason: 'token_failures', retryAfterMs },
  )
}

export function keysAreSupplied(): ServingError {
  return new ServingError(
    'failed_precondition',
    'the tokens of this server come from its operator (token_file or environment); change them there',
    { reason: 'tokens_supplied' },
  )
}

export function tokensAreOff(): ServingError {
  return new ServingError(
    'failed_precondition',
    'this server asks for no tokens, so there is no key to renew; token_authorization=on changes that',
    { reason: 'tokens_off' },
  )
}

export function modelApiOff(): ServingError {
  return new ServingError(
    'permission_denied',
    'models cannot be registered or unregistered while this server runs; enable_model_api=true allows it',
    { reason: 'model_api' },
  )
}

export function foreignHost(host: string): ServingError {
  return new ServingError(
    'permission_denied',
    `the Host '${host}' is not a name of this listener; use its address, or add the name to allowed_hosts`,
    { reason: 'foreign_host' },
  )
}

export function foreignOrigin(origin: string): ServingError {
  return new ServingError(
    'permission_denied',
    `a browser sent this for a page of ${origin}, which may not change anything here; ` +
      'allow the origin with cors_allowed_origin',
    { reason: 'foreign_origin' },
  )
}

/** A setting that cannot be obeyed: the server does not start. */
export function securityConfigError(message: string, cause?: unknown): ServingError {
  return new ServingError('invalid_argument', message, { reason: 'config', cause })
}

function quotedList(words: Iterable<string>): string {
  return [...words].map((word) => `'${word}'`).join(', ')
}
