import { refusal, ServingError } from '../../worker/contract/errors.ts'

/* What the transport refuses before a dialect understands the request. A dialect refines its status by `reason`. */

export function announcedBodyTooLarge(announcedBytes: number, maxBytes: number): ServingError {
  return tooLarge(`the request body has ${announcedBytes} bytes, at most ${maxBytes} are accepted`)
}

export function bodyTooLarge(maxBytes: number): ServingError {
  return tooLarge(`the request body has more than the ${maxBytes} bytes that are accepted`)
}

export function decodedBodyTooLarge(encoding: string, maxBytes: number): ServingError {
  return tooLarge(`the ${encoding} request body unpacks to more than the ${maxBytes} bytes that are accepted`)
}

export function undecodableBody(encoding: string, cause: unknown): ServingError {
  return new ServingError(
    'invalid_argument',
    `the request body is not valid ${encoding}, as Content-Encoding says it is`,
    { reason: 'content_encoding', cause },
  )
}

export function decodedBodyTooDense(encoding: string, maxRatio: number): ServingError {
  return tooLarge(
    `the ${encoding} request body unpacks to more than ${maxRatio} times its size; send it packed less, or as it is`,
  )
}

export const UNSUPPORTED_ENCODING = 'unsupported_encoding'

export function unsupportedEncoding(encoding: string, accepted: readonly string[]): ServingError {
  return new ServingError(
    'invalid_argument',
    `Content-Encoding '${encoding}' is not supported; send the body as it is, or as one of ${accepted.join(', ')}`,
    { reason: UNSUPPORTED_ENCODING },
  )
}

export function dribbledBody(chunks: number): ServingError {
  return new ServingError(
    'invalid_argument',
    `the request body came in ${chunks} chunks of a few bytes; send it in larger ones`,
    { reason: 'malformed_http' },
  )
}

export function clientGone(): ServingError {
  return new ServingError('cancelled', 'the client closed the connection', { reason: 'client_gone' })
}

export function malformedForm(problem: string, cause?: unknown): ServingError {
  return new ServingError('invalid_argument', `the form in the request body ${problem}`, {
    reason: 'form',
    cause,
  })
}

export function readerTooSlow(unreadBytes: number, maxBytes: number): ServingError {
  return new ServingError(
    'resource_exhausted',
    `the client reads its streamed answer too slowly: ${unreadBytes} bytes wait for it, at most ${maxBytes} are kept`,
    { reason: 'slow_reader' },
  )
}

export function readerStalled(limitMs: number): ServingError {
  return new ServingError(
    'resource_exhausted',
    `the client has read nothing of its streamed answer for ${limitMs / 1000} s`,
    { reason: 'slow_reader' },
  )
}

export function routeNotFound(method: string, path: string, routes: readonly string[]): ServingError {
  return new ServingError(
    'not_found',
    `there is no ${method} ${path} here; the routes of this address are: ${routes.join(', ')}`,
    { reason: 'route' },
  )
}

export function tooManyHeaders(limit: number): ServingError {
  return new ServingError('invalid_argument', `the request has more than ${limit} header fields`, {
    reason: 'headers_too_large',
  })
}

export function malformedHttp(problem: string): ServingError {
  return new ServingError('invalid_argument', problem, { reason: 'malformed_http' })
}

export function otherProcessGone(): ServingError {
  return refusal(
    'unavailable',
    'the process of this server that answers such requests cannot be reached; it is busy, or ends: try again',
    { reason: 'other_process', retryAfterMs: 1000 },
  )
}

export function requestTooLate(): ServingError {
  return new ServingError('deadline_exceeded', 'the request did not arrive in time; send it faster', {
    reason: 'request_timeout',
  })
}

/** The error of a request that the parser or a timer ended. Undefined when nobody is left to tell. */
export function errorFromClientError(code: string | undefined): ServingError | undefined {
  switch (code) {
    case 'ECONNRESET':
    case 'EPIPE':
      return undefined
    case 'HPE_HEADER_OVERFLOW':
      return new ServingError('invalid_argument', 'the request head is larger than 16 KiB', {
        reason: 'headers_too_large',
      })
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return requestTooLate()
    default:
      return malformedHttp('the request is not well-formed HTTP/1.1')
  }
}

/** A thrown value that is no ServingError is a bug: the caller gets a fixed phrase, the log gets the cause. */
export function servingErrorFrom(error: unknown): ServingError {
  if (error instanceof ServingError) return error
  return new ServingError('internal', 'the server failed on this request; its log has the cause', {
    cause: error,
  })
}

function tooLarge(message: string): ServingError {
  return new ServingError('resource_exhausted', message, { reason: 'body_too_large' })
}
