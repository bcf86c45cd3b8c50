/**
 * Why a call has failed.
 *
 * | kind | meaning | worth another try |
 * |---|---|---|
 * | `input` | a tensor does not suit the model's schema; nothing was sent | no |
 * | `refused` | the server answered with an error status | if `isRetryable` |
 * | `network` | no answer came | perhaps |
 * | `deadline` | `timeoutMs` was over | with more time |
 * | `aborted` | the caller's signal | – |
 * | `protocol` | the answer is not what the protocol says | no |
 */
export type FailureKind = 'input' | 'refused' | 'network' | 'deadline' | 'aborted' | 'protocol'

export type FailureDetails = {
  readonly cause?: unknown
  /** Of the answer, if one came. */
  readonly status?: number
  /** How long the server asks to wait. */
  readonly retryAfterMs?: number
  /** The server's name for the request, for its log. */
  readonly requestId?: string
}

/** The only error that this client throws. */
export class OnnxServeError extends Error {
  readonly kind: FailureKind
  readonly status: number | undefined
  readonly retryAfterMs: number | undefined
  readonly requestId: string | undefined

  constructor(kind: FailureKind, message: string, details: FailureDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'OnnxServeError'
    this.kind = kind
    this.status = details.status
    this.retryAfterMs = details.retryAfterMs
    this.requestId = details.requestId
  }

  /** Whether the same request may succeed a little later: the server was busy or not ready, or out of reach. */
  get isRetryable(): boolean {
    return this.kind === 'network' || this.status === TOO_MANY_REQUESTS || this.status === UNAVAILABLE
  }
}

const TOO_MANY_REQUESTS = 429
const UNAVAILABLE = 503

export function badInput(name: string, problem: string): OnnxServeError {
  return new OnnxServeError('input', `input '${name}' ${problem}`)
}

export function badAnswer(problem: string): OnnxServeError {
  return new OnnxServeError('protocol', `the server's answer ${problem}`)
}
