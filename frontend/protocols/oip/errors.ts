import type { ErrorCode, ServingError } from '../../../worker/contract/errors.ts'
import type { Answer } from '../kernel/transport.ts'

/*
 * Errors in the words of the Open Inference Protocol: `{"error": "…"}`.
 * The only place of this dialect that knows status codes of errors.
 */
const BY_CODE: Readonly<Record<ErrorCode, number>> = {
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
const BY_REASON: Readonly<Record<string, number>> = {
  'invalid_argument unsupported_encoding': 415,
  'invalid_argument headers_too_large': 431,
  'resource_exhausted body_too_large': 413,
  'resource_exhausted disk_full': 507,
  'resource_exhausted worker_memory': 507,
  'permission_denied foreign_host': 421,
  'deadline_exceeded request_timeout': 408,
  'unimplemented method': 405,
}

/** Overload, and too many wrong tokens: the same request may succeed later. */
const RETRYABLE_STATUSES = new Set([429, 503])
const UNAUTHENTICATED_STATUS = 401

export function renderError(error: ServingError): Answer {
  const status = error.status ?? BY_REASON[`${error.code} ${error.reason ?? ''}`] ?? BY_CODE[error.code]
  return {
    status,
    headers: { 'content-type': 'application/json', ...headersOf(error, status) },
    body: JSON.stringify({ error: error.message }),
  }
}

function headersOf({ reason, retryAfterMs }: ServingError, status: number): Record<string, string> {
  if (status === UNAUTHENTICATED_STATUS) {
    return { 'www-authenticate': reason === 'token_missing' ? 'Bearer' : 'Bearer error="invalid_token"' }
  }
  if (!RETRYABLE_STATUSES.has(status)) return {}
  const retryAfterSeconds = Math.max(1, Math.ceil((retryAfterMs ?? 0) / 1000))
  return {
    ...(reason === undefined ? {} : { 'x-reject-reason': reason }),
    'retry-after': String(retryAfterSeconds),
  }
}
