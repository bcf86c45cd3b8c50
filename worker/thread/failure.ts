import { isServingError, messageOf, ServingError, type ErrorCode } from '../contract/errors.ts'
import { deviceFailureOf } from './device-failure.ts'

/**
 * What a client may see of an error in a handler or the engine: one made for clients as it is, a lack of memory as
 * such, and otherwise nothing, because it is a bug.
 */
export function clientErrorOf(error: unknown, what: string): ServingError | undefined {
  if (isServingError(error)) {
    const { status, message } = error
    return status === undefined || isErrorStatus(status)
      ? error
      : impossibleStatus('HandlerError', status, message)
  }
  if (isPredictionException(error)) return fromPredictionException(error)
  if (!isOutOfMemory(error)) return undefined
  return new ServingError(
    'resource_exhausted',
    `${what} ran out of memory; send a smaller request, or give the model more memory or a smaller batch`,
    { cause: error, reason: 'worker_memory' },
  )
}

type PredictionLike = Error & { readonly errorCode: number }

/** By its marks, not its class: a bundled handler carries a class of its own. */
function isPredictionException(error: unknown): error is PredictionLike {
  return (
    error instanceof Error &&
    error.name === 'PredictionException' &&
    'errorCode' in error &&
    typeof error.errorCode === 'number'
  )
}

function fromPredictionException({ message, errorCode }: PredictionLike): ServingError {
  if (!isErrorStatus(errorCode)) return impossibleStatus('PredictionException', errorCode, message)
  return new ServingError(codeOfStatus(errorCode), message, { reason: 'prediction', status: errorCode })
}

function isErrorStatus(status: number): boolean {
  return Number.isInteger(status) && status >= 400 && status <= 599
}

function impossibleStatus(kind: string, status: number, message: string): ServingError {
  const text = `the handler threw a ${kind} of status ${status}, allowed are 400 to 599: ${message}`
  return new ServingError('internal', text, { reason: 'prediction' })
}

const CODE_OF_STATUS: Readonly<Record<number, ErrorCode>> = {
  401: 'unauthenticated',
  403: 'permission_denied',
  404: 'not_found',
  409: 'failed_precondition',
  413: 'resource_exhausted',
  429: 'resource_exhausted',
  499: 'cancelled',
  501: 'unimplemented',
  503: 'unavailable',
  504: 'deadline_exceeded',
  507: 'resource_exhausted',
}

function codeOfStatus(status: number): ErrorCode {
  return CODE_OF_STATUS[status] ?? (status < 500 ? 'invalid_argument' : 'internal')
}

/** The words of V8 and of C++; those of allocators of devices are in device-failure.ts. */
const OUT_OF_MEMORY = /Array buffer allocation failed|bad_?alloc/

function isOutOfMemory(error: unknown): boolean {
  return OUT_OF_MEMORY.test(messageOf(error)) || deviceFailureOf(error) === 'memory'
}
