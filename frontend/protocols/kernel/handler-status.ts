import { ServingError } from '../../../worker/contract/errors.ts'

const FIRST_ERROR_STATUS = 400
const MAX_MESSAGE_BYTES = 1000

/** What the statuses of HTTP are in gRPC, as TorchServe has it; every other one is `internal`. */
const CODES: Readonly<Record<number, ServingError['code']>> = {
  400: 'invalid_argument',
  401: 'unauthenticated',
  403: 'permission_denied',
  404: 'not_found',
  408: 'deadline_exceeded',
  409: 'failed_precondition',
  413: 'resource_exhausted',
  416: 'invalid_argument',
  429: 'resource_exhausted',
  499: 'cancelled',
  501: 'unimplemented',
  503: 'unavailable',
  504: 'deadline_exceeded',
}

/** Situation of an error that a handler chose by its status. */
const HANDLER_STATUS = 'handler_status'

/** A status from 400 that a handler chose for its answer: gRPC has no answer with a body beside an error. */
export function errorOfHandlerStatus(status: number | undefined, body: Uint8Array): ServingError | undefined {
  if (status === undefined || status < FIRST_ERROR_STATUS) return undefined
  const text = Buffer.from(body.subarray(0, MAX_MESSAGE_BYTES)).toString()
  const code = CODES[status] ?? (status < 500 ? 'invalid_argument' : 'internal')
  return new ServingError(code, text === '' ? `the handler answered with status ${status}` : text, {
    reason: HANDLER_STATUS,
  })
}
