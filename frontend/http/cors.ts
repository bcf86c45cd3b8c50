import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Answer } from './answer.ts'

/** Which web pages may use a listener; the texts of the three settings, empty where not set. */
export type CorsOptions = {
  /** Origins separated by commas, or `*`. */
  readonly origins: string
  readonly methods: string
  readonly headers: string
  /** TorchServe's way: the texts go out with every answer as they are, and preflights are not answered. */
  readonly isStatic: boolean
}

/** Seen by every request before its route: puts headers on the response, and may answer. */
export type Cors = (req: IncomingMessage, res: ServerResponse) => Answer | undefined

/** How long a browser may remember what a preflight answered. */
const MAX_AGE_SECONDS = '600'

/** What scripts of a page may read of an answer beyond its content type. */
const EXPOSED_HEADERS = 'Inference-Header-Content-Length, Retry-After, X-Request-Id, X-Reject-Reason'

/** @returns undefined where no page of another origin may use the listener: nothing is done then */
export function createCors(options: CorsOptions): Cors | undefined {
  const { origins, methods, headers, isStatic } = options
  if (isStatic) {
    const fields = Object.entries({
      'access-control-allow-origin': origins,
      'access-control-allow-methods': methods,
      'access-control-allow-headers': headers,
    }).filter(([, value]) => value !== '')
    return fields.length === 0 ? undefined : staticCors(fields)
  }
  return origins === '' ? undefined : negotiatedCors(options)
}

export function originsOf(text: string): string[] {
  return text
    .split(',')
    .map((origin) => origin.trim())
    .filter((origin) => origin !== '')
}

function staticCors(fields: readonly (readonly [string, string])[]): Cors {
  return (_, res) => {
    for (const [name, value] of fields) res.setHeader(name, value)
    return undefined
  }
}

/** The origin is named back only if it is allowed, and caches are told that the answer depends on it. */
function negotiatedCors({ origins, methods, headers }: CorsOptions): Cors {
  const allowed = originsOf(origins)
  const allowsAll = allowed.includes('*')
  return (req, res) => {
    const { origin } = req.headers
    if (!allowsAll) res.setHeader('vary', 'Origin')
    if (origin === undefined) return undefined
    const isAllowed = allowsAll || allowed.includes(origin)
    if (isAllowed) {
      res.setHeader('access-control-allow-origin', allowsAll ? '*' : origin)
      res.setHeader('access-control-expose-headers', EXPOSED_HEADERS)
    }
    const method = req.headers['access-control-request-method']
    if (req.method !== 'OPTIONS' || method === undefined) return undefined
    return isAllowed ? preflightAnswer(methods, headers) : { status: 204, headers: {}, body: '' }
  }
}

function preflightAnswer(methods: string, headers: string): Answer {
  return {
    status: 204,
    headers: {
      ...(methods === '' ? {} : { 'access-control-allow-methods': methods }),
      ...(headers === '' ? {} : { 'access-control-allow-headers': headers }),
      'access-control-max-age': MAX_AGE_SECONDS,
    },
    body: '',
  }
}
