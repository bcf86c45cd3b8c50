import type { ErrorCode, ServingError } from '../../../worker/contract/errors.ts'
import type { Answer } from './transport.ts'

const STATUS_OF: Readonly<Record<ErrorCode, number>> = {
  invalid_argument: 400,
  unauthenticated: 401,
  permission_denied: 403,
  not_found: 404,
  already_exists: 409,
  failed_precondition: 409,
  resource_exhausted: 429,
  deadline_exceeded: 504,
  cancelled: 499,
  unavailable: 503,
  unimplemented: 501,
  internal: 500,
}

/** Situations for which HTTP has a status of its own; by code and reason. */
const STATUS_OF_REASON: Readonly<Record<string, number>> = {
  'invalid_argument unsupported_encoding': 415,
  'invalid_argument headers_too_large': 431,
  'resource_exhausted body_too_large': 413,
  'resource_exhausted disk_full': 507,
  'resource_exhausted memory': 507,
  'resource_exhausted worker_memory': 507,
  'permission_denied foreign_host': 421,
  'deadline_exceeded request_timeout': 408,
  'unimplemented method': 405,
}

/** Overload, and too many wrong tokens: the same request may succeed later. */
const RETRYABLE_STATUSES = new Set([429, 503])
const UNAUTHENTICATED_STATUS = 401

/**
 * An error as `{"error": "…"}`, the form of the protocols whose clients look at the status and the text alone.
 *
 * @param refined where the dialect has another status for a code
 */
export function plainErrorAnswer(
  error: ServingError,
  refined: Partial<Readonly<Record<ErrorCode, number>>> = {},
): Answer {
  const { code, reason = '', message } = error
  const status = error.status ?? STATUS_OF_REASON[`${code} ${reason}`] ?? refined[code] ?? STATUS_OF[code]
  return {
    status,
    headers: errorHeaders(error, status),
    body: JSON.stringify({ error: message }),
  }
}

/**
 * The headers of an error in JSON: its type, `Retry-After` and the machine-readable reason where a retry may help, how
 * to authenticate where a token is missing.
 *
 * @see RFC 6750, section 3: the error is named only to who brought a token.
 */
export function errorHeaders(
  { reason, retryAfterMs }: ServingError,
  status: number,
): Readonly<Record<string, string>> {
  // Filled one by one: of spread parts, V8 makes a slow object, and under overload there are thousands a second.
  const headers: Record<string, string> = { 'content-type': 'application/json' }
  if (status === UNAUTHENTICATED_STATUS) {
    headers['www-authenticate'] = reason === 'token_missing' ? 'Bearer' : 'Bearer error="invalid_token"'
  } else if (RETRYABLE_STATUSES.has(status)) {
    if (reason !== undefined) headers['x-reject-reason'] = reason
    headers['retry-after'] = String(Math.max(1, Math.ceil((retryAfterMs ?? 0) / 1000)))
  }
  return headers
}
