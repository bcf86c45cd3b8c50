import { ServingError } from '../../worker/contract/errors.ts'

/* What the transport refuses, or ends, before or beside a dialect. */

export function malformedMessage(type: string): ServingError {
  return new ServingError('invalid_argument', `the message is not a ${type} of protobuf`, {
    reason: 'malformed_message',
  })
}

export function tooManyParts(type: string, maxParts: number): ServingError {
  return new ServingError(
    'invalid_argument',
    `the ${type} has more than ${maxParts} fields and elements, the limit; send tensors as raw bytes, or in fewer requests`,
    { reason: 'message_parts' },
  )
}

export function readerTooSlow(maxBytes: number): ServingError {
  return new ServingError(
    'resource_exhausted',
    `the client reads its stream too slowly: ${maxBytes} bytes wait for it, the limit`,
    { reason: 'slow_reader' },
  )
}

export function messageTooLate(limitMs: number): ServingError {
  return new ServingError('deadline_exceeded', `the request did not arrive within ${limitMs} ms`, {
    reason: 'request_timeout',
  })
}

export function healthUnknown(service: string, known: readonly string[]): ServingError {
  return new ServingError(
    'not_found',
    `there is no service '${service}'; health is known of '' (the server) and of: ${known.slice(0, 20).join(', ')}`,
    { reason: 'service' },
  )
}

export function shuttingDown(): ServingError {
  return new ServingError('unavailable', 'the server is shutting down', {
    reason: 'shutting_down',
    retryAfterMs: 1000,
  })
}

/** A thrown value that is no ServingError is a bug: the caller gets a fixed phrase, the log gets the cause. */
export function servingErrorFrom(error: unknown): ServingError {
  if (error instanceof ServingError) return error
  return new ServingError('internal', 'the server failed on this call; its log has the cause', {
    cause: error,
  })
}
