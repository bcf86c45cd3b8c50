import { ServingError, type ErrorCode } from '../../../worker/contract/errors.ts'
import { nearest } from '../../../worker/contract/nearest.ts'
import { errorHeaders } from '../kernel/error-answer.ts'
import type { Answer } from '../kernel/transport.ts'

/*
 * Errors in TorchServe's words: `{"code": 404, "type": "ModelNotFoundException", "message": "…"}`.
 * The only place of this dialect that knows status codes of errors.
 */
type Wording = { readonly status: number; readonly type: string }

const BY_CODE: Readonly<Record<ErrorCode, Wording>> = {
  invalid_argument: { status: 400, type: 'BadRequestException' },
  unauthenticated: { status: 401, type: 'InvalidKeyException' },
  permission_denied: { status: 403, type: 'InvalidKeyException' },
  not_found: { status: 404, type: 'ResourceNotFoundException' },
  already_exists: { status: 409, type: 'ConflictStatusException' },
  failed_precondition: { status: 409, type: 'ConflictStatusException' },
  resource_exhausted: { status: 503, type: 'ServiceUnavailableException' },
  deadline_exceeded: { status: 504, type: 'GatewayTimeoutException' },
  cancelled: { status: 499, type: 'ClientClosedRequestException' },
  unavailable: { status: 503, type: 'ServiceUnavailableException' },
  unimplemented: { status: 501, type: 'NotImplementedException' },
  internal: { status: 500, type: 'InternalServerException' },
}

/** Situations in which TorchServe, or HTTP, has a status of its own; by code and reason. */
const BY_REASON: Readonly<Record<string, Wording>> = {
  'invalid_argument archive': { status: 400, type: 'InvalidModelException' },
  'invalid_argument model_config': { status: 400, type: 'InvalidModelException' },
  'invalid_argument token': { status: 400, type: 'InvalidKeyException' },
  'invalid_argument unsupported_encoding': { status: 415, type: 'UnsupportedMediaTypeException' },
  'invalid_argument headers_too_large': { status: 431, type: 'RequestHeaderFieldsTooLargeException' },
  'not_found model': { status: 404, type: 'ModelNotFoundException' },
  'not_found workflow': { status: 404, type: 'WorkflowNotFoundException' },
  'not_found archive': { status: 404, type: 'ModelNotFoundException' },
  'not_found version': { status: 404, type: 'ModelVersionNotFoundException' },
  'failed_precondition default_version': { status: 403, type: 'InvalidModelVersionException' },
  'resource_exhausted body_too_large': { status: 413, type: 'RequestEntityTooLargeException' },
  'resource_exhausted disk_full': { status: 507, type: 'InternalServerException' },
  'resource_exhausted memory': { status: 507, type: 'InternalServerException' },
  'resource_exhausted token_failures': { status: 429, type: 'TooManyRequestsException' },
  'permission_denied download': { status: 403, type: 'ForbiddenException' },
  'invalid_argument download': { status: 400, type: 'DownloadArchiveException' },
  'resource_exhausted download': { status: 413, type: 'DownloadArchiveException' },
  'permission_denied foreign_host': { status: 421, type: 'MisdirectedRequestException' },
  'permission_denied foreign_origin': { status: 403, type: 'ForbiddenException' },
  'permission_denied model_api': { status: 405, type: 'MethodNotAllowedException' },
  'resource_exhausted worker_memory': { status: 507, type: 'InternalServerException' },
  'deadline_exceeded request_timeout': { status: 408, type: 'RequestTimeoutException' },
  'unimplemented method': { status: 405, type: 'MethodNotAllowedException' },
}

/** The answer to an error, with `Retry-After` and the machine-readable reason where a retry may help. */
export function renderError(error: ServingError): Answer {
  const wording = BY_REASON[`${error.code} ${error.reason ?? ''}`] ?? BY_CODE[error.code]
  const { status, type } = error.status === undefined ? wording : chosenByHandler(error.status)
  return {
    status,
    headers: errorHeaders(error, status),
    // Laid out as by `jsonAnswer`: V8 indents JSON on its slow way only.
    body: `{\n  "code": ${status},\n  "type": "${type}",\n  "message": ${JSON.stringify(error.message)}\n}\n`,
  }
}

function chosenByHandler(status: number): Wording {
  return { status, type: 'InternalServerException' }
}

export function workflowNotFound(name: string): ServingError {
  return new ServingError('not_found', `there is no workflow '${name}': this server has none`, {
    reason: 'workflow',
  })
}

export function missingParameter(name: string, expected: string): ServingError {
  return badRequest(`the parameter '${name}' is required: ${expected}`)
}

export function badParameter(name: string, value: string, expected: string): ServingError {
  return badRequest(`the parameter '${name}' is '${value}'; expected ${expected}`)
}

export function unknownParameter(name: string, known: readonly string[]): ServingError {
  const suggestion = nearest(name, known)
  const hint =
    suggestion === undefined ? `known are: ${known.join(', ') || 'none'}` : `did you mean '${suggestion}'?`
  return badRequest(`'${name}' is not a parameter here; ${hint}`)
}

export function repeatedParameter(name: string): ServingError {
  return badRequest(`the parameter '${name}' is given more than once`)
}

export function badRequest(message: string): ServingError {
  return new ServingError('invalid_argument', message, { reason: 'request' })
}
