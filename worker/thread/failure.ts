import { isServingError, messageOf, ServingError, type ErrorCode } from '../contract/errors.ts'

/**
 * What a client may see of an error in a handler or the engine: one made for clients as it is, a lack of memory as
 * such, and otherwise nothing, because it is a bug.
 */
export function clientErrorOf(error: unknown, what: string): ServingError | undefined {
  if (isServingError(error)) return error
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
  if (!Number.isInteger(errorCode) || errorCode < 400 || errorCode > 599) {
    const text = `the handler threw a PredictionException of status ${errorCode}, allowed are 400 to 599: ${message}`
    return new ServingError('internal', text, { reason: 'prediction' })
  }
  return new ServingError(codeOfStatus(errorCode), message, { reason: 'prediction', status: errorCode })
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

/** V8's words for an array buffer that cannot be had, and those of ONNX Runtime's CPU and CUDA allocators. */
const OUT_OF_MEMORY =
  /Array buffer allocation failed|Failed to allocate memory|failed to allocate memory|bad_?alloc|out of memory/

function isOutOfMemory(error: unknown): boolean {
  return OUT_OF_MEMORY.test(messageOf(error))
}
