/**
 * What went wrong, in the words of gRPC. A code answers "what should the caller do", never "where did it break".
 *
 * | code | raised when | retry |
 * |---|---|---|
 * | `invalid_argument` | malformed body, wrong dtype, shape or name, broken archive | no |
 * | `unauthenticated` | no token, or one that is unknown or expired | with another token |
 * | `permission_denied` | a valid token without this scope, or a request that policy forbids | no |
 * | `not_found` | model, version, label, route | no |
 * | `already_exists` | registering twice | no |
 * | `failed_precondition` | right request, wrong state | after a change |
 * | `resource_exhausted` | queue full, body too large | later |
 * | `deadline_exceeded` | inference or queue time over | maybe |
 * | `cancelled` | client went away | – |
 * | `unavailable` | loading, draining, no live worker | soon |
 * | `unimplemented` | a feature we do not serve | no |
 * | `internal` | our bug, a handler's throw, an engine failure | no |
 */
export const ERROR_CODES = [
  'invalid_argument',
  'unauthenticated',
  'permission_denied',
  'not_found',
  'already_exists',
  'failed_precondition',
  'resource_exhausted',
  'deadline_exceeded',
  'cancelled',
  'unavailable',
  'unimplemented',
  'internal',
] as const

export type ErrorCode = (typeof ERROR_CODES)[number]

export type ServingErrorOptions = {
  readonly cause?: unknown
  /** Machine-readable situation, for example `queue_full`; a dialect may refine its status by it. */
  readonly reason?: string
  /** How long a caller should wait before trying again. */
  readonly retryAfterMs?: number
  /** HTTP status that a handler chose; other protocols go by the code. */
  readonly status?: number
}

/** The only error a caller is meant to see. Its message names the value, what was expected and what to do. */
export class ServingError extends Error {
  readonly code: ErrorCode
  readonly reason: string | undefined
  readonly retryAfterMs: number | undefined
  readonly status: number | undefined

  constructor(code: ErrorCode, message: string, options: ServingErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'ServingError'
    this.code = code
    this.reason = options.reason
    this.retryAfterMs = options.retryAfterMs
    this.status = options.status
  }
}

/**
 * An error that is an ordinary answer: a refusal, or a request that waited too long. It has no stack, whose capture
 * costs more than all else of a refusal, and under overload there are thousands of them a second.
 */
export function refusal(code: ErrorCode, message: string, options?: ServingErrorOptions): ServingError {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  try {
    return new ServingError(code, message, options)
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}

/** An error as data, for crossing a thread or a socket: classes and own fields do not survive either. */
export type ErrorData = {
  readonly code: ErrorCode
  readonly message: string
  readonly reason?: string
  readonly status?: number
  /** For the log only; never shown to a client. */
  readonly stack?: string
}

/**
 * Whether an error is one that a caller may see.
 *
 * By its marks, not its class: a bundled handler carries a copy of this module, hence a class of its own.
 */
export function isServingError(error: unknown): error is ServingError {
  return (
    error instanceof Error &&
    error.name === 'ServingError' &&
    'code' in error &&
    (ERROR_CODES as readonly unknown[]).includes(error.code)
  )
}

export function errorToData(error: unknown, fallbackMessage: string): ErrorData {
  if (isServingError(error)) {
    return {
      code: error.code,
      message: error.message,
      ...(error.reason === undefined ? {} : { reason: error.reason }),
      ...(error.status === undefined ? {} : { status: error.status }),
    }
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return { code: 'internal', message: fallbackMessage, stack }
}

export function errorFromData(data: ErrorData): ServingError {
  return new ServingError(data.code, data.message, {
    ...(data.reason === undefined ? {} : { reason: data.reason }),
    ...(data.status === undefined ? {} : { status: data.status }),
    ...(data.stack === undefined ? {} : { cause: data.stack }),
  })
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
