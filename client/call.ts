import { OnnxServeError } from './errors.ts'
import { retryAfterMs, retryDelayMs } from './retry.ts'

export type CallOptions = {
  /** Ends the call when it aborts. */
  readonly signal?: AbortSignal | undefined
  /** For the call as a whole, its retries included; default 60 s. The server is told, and drops what is too late. */
  readonly timeoutMs?: number | undefined
  /** Tries after the first one that has failed; default 2. */
  readonly retries?: number | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
}

export type Call = CallOptions & {
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly body?: Uint8Array<ArrayBuffer> | string
  /** Whether the request may run twice; if not, it is tried again only when the server has refused it. */
  readonly isRepeatable?: boolean
  /** Statuses beyond 2xx that are answers, not errors. */
  readonly accepts?: readonly number[]
}

/** An answer, read to its end. */
export type Reply = {
  readonly status: number
  readonly headers: Headers
  readonly body: Uint8Array<ArrayBuffer>
}

/** What a call needs of its surroundings; a browser and Node.js have it all. */
export type Surroundings = {
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>
  readonly nowMs: () => number
  readonly random: () => number
  /** Rejects when the signal aborts. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>
}

const DEFAULT_TIMEOUT_MS = 60_000
const DEFAULT_RETRIES = 2
/** The largest that the server takes. */
const MAX_TIMEOUT_MS = 86_400_000

/** One call with its deadline and its retries. @throws OnnxServeError */
export async function callServer(surroundings: Surroundings, call: Call): Promise<Reply> {
  const deadline = new Deadline(call)
  const { nowMs, random, sleep } = surroundings
  const timeoutMs = timeoutOf(call)
  const startedAtMs = nowMs()
  const remainingMs = () => timeoutMs - (nowMs() - startedAtMs)
  try {
    for (let tries = 1; ; tries++) {
      try {
        return await tryOnce(surroundings, call, { signal: deadline.signal, remainingMs: remainingMs() })
      } catch (error) {
        const failure = deadline.reasonOr(error)
        const state = { tries, maxTries: maxTriesOf(call, failure), remainingMs: remainingMs() }
        const delayMs = retryDelayMs(failure, state, random())
        if (delayMs === undefined) throw failure
        await sleep(delayMs, deadline.signal).catch((reason: unknown) => {
          throw deadline.reasonOr(reason)
        })
      }
    }
  } finally {
    deadline.end()
  }
}

function timeoutOf({ timeoutMs = DEFAULT_TIMEOUT_MS }: CallOptions): number {
  if (timeoutMs > 0 && timeoutMs <= MAX_TIMEOUT_MS) return timeoutMs
  throw new OnnxServeError(
    'input',
    `timeoutMs is ${timeoutMs}; expected more than 0, up to ${MAX_TIMEOUT_MS}`,
  )
}

/** Without an answer nobody knows whether the request has run. */
function maxTriesOf(
  { retries = DEFAULT_RETRIES, isRepeatable = true }: Call,
  failure: OnnxServeError,
): number {
  return isRepeatable || failure.kind === 'refused' ? retries + 1 : 1
}

type Try = { readonly signal: AbortSignal; readonly remainingMs: number }

async function tryOnce(
  { fetch, nowMs }: Surroundings,
  { method, url, headers, body, accepts = [] }: Call,
  { signal, remainingMs }: Try,
): Promise<Reply> {
  const timeout = String(Math.max(1, Math.ceil(remainingMs)))
  const init = { method, signal, headers: { ...headers, 'x-timeout-ms': timeout } }
  let response: Response
  let bytes: Uint8Array<ArrayBuffer>
  try {
    response = await fetch(url, body === undefined ? init : { ...init, body })
    bytes = new Uint8Array(await response.arrayBuffer())
  } catch (cause) {
    throw new OnnxServeError('network', `no answer from ${url}: ${reasonOf(cause)}`, { cause })
  }
  if (response.ok || accepts.includes(response.status)) {
    return { status: response.status, headers: response.headers, body: bytes }
  }
  throw refusal(response, bytes, nowMs())
}

/** Node.js' fetch says only that it failed; its cause says why. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  return cause.cause instanceof Error && cause.cause.message !== '' ? cause.cause.message : cause.message
}

function refusal(response: Response, body: Uint8Array, nowMs: number): OnnxServeError {
  const { status, headers } = response
  const afterMs = retryAfterMs(headers.get('retry-after'), nowMs)
  const requestId = headers.get('x-request-id')
  return new OnnxServeError('refused', errorText(body) ?? `the server answered with status ${status}`, {
    status,
    ...(afterMs === undefined ? {} : { retryAfterMs: afterMs }),
    ...(requestId === null ? {} : { requestId }),
  })
}

/** `{"error": "…"}`, as the protocol words it; anything else comes from something in between. */
function errorText(body: Uint8Array): string | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(body))
    if (typeof value !== 'object' || value === null || !('error' in value)) return undefined
    return typeof value.error === 'string' ? value.error : undefined
  } catch {
    return undefined // no JSON
  }
}

/** The end of a call, by its time or by its caller. */
class Deadline {
  readonly #abort = new AbortController()
  readonly #callers: AbortSignal | undefined
  readonly #timer: ReturnType<typeof setTimeout>
  #reason: OnnxServeError | undefined

  constructor(options: CallOptions) {
    const timeoutMs = timeoutOf(options)
    this.#callers = options.signal
    this.#timer = setTimeout(() => {
      this.#endWith(new OnnxServeError('deadline', `no answer within ${timeoutMs} ms`))
    }, timeoutMs)
    if (this.#callers?.aborted === true) this.#onAbort()
    else this.#callers?.addEventListener('abort', this.#onAbort)
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  /** Why the call ended, rather than what that has broken. */
  reasonOr(error: unknown): OnnxServeError {
    if (this.#reason !== undefined) return this.#reason
    return error instanceof OnnxServeError
      ? error
      : new OnnxServeError('network', reasonOf(error), { cause: error })
  }

  end(): void {
    clearTimeout(this.#timer)
    this.#callers?.removeEventListener('abort', this.#onAbort)
  }

  readonly #onAbort = () => {
    this.#endWith(new OnnxServeError('aborted', 'the call was aborted', { cause: this.#callers?.reason }))
  }

  #endWith(reason: OnnxServeError): void {
    this.#reason ??= reason
    this.#abort.abort(reason)
  }
}
