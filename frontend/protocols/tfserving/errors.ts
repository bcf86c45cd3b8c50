import { ServingError, type ErrorCode } from '../../../worker/contract/errors.ts'
import type { ModelSelector } from '../../core/data-plane.ts'
import { plainErrorAnswer } from '../kernel/error-answer.ts'
import type { Answer } from '../kernel/transport.ts'

/*
 * Errors in TensorFlow Serving's words, which are KServe's too: `{"error": "…"}`. Its clients look for some of the
 * texts, so those come first, and what helps a person comes behind them.
 */
export function renderError(error: ServingError): Answer {
  return plainErrorAnswer(error, { failed_precondition: 400 })
}

/** What core says of a model that it cannot find, with the words that TensorFlow Serving has for it in front. */
export function inServableWords(error: unknown, selector: ModelSelector): unknown {
  return reworded(error, selector, servableNotFound(selector))
}

/** The same where the status of a model is asked for. */
export function inStatusWords(error: unknown, selector: ModelSelector): unknown {
  const { name } = selector
  const version = versionOf(selector)
  return reworded(
    error,
    selector,
    version === undefined || isOfModel(error)
      ? `Could not find any versions of model ${name}`
      : `Could not find version ${version} of model ${name}`,
  )
}

function reworded(error: unknown, { label }: ModelSelector, text: string): unknown {
  if (!(error instanceof ServingError) || error.code !== 'not_found') return error
  const { reason = 'model', message } = error
  if (label !== undefined && reason === 'label') {
    return withReason('invalid_argument', `Unrecognized servable version label: ${label}; ${message}`, reason)
  }
  return withReason('not_found', `${text}; ${message}`, reason)
}

function isOfModel(error: unknown): boolean {
  return error instanceof ServingError && error.reason === 'model'
}

function servableNotFound(selector: ModelSelector): string {
  const version = versionOf(selector)
  const request =
    version === undefined ? `Latest(${selector.name})` : `Specific(${selector.name}, ${version})`
  return `Servable not found for request: ${request}`
}

function versionOf({ version, integerVersion }: ModelSelector): string | undefined {
  return version ?? integerVersion
}

function withReason(code: ErrorCode, message: string, reason: string): ServingError {
  return new ServingError(code, message, { reason })
}

/** @param known the signatures that the model has */
export function noSuchSignature(name: string, known: readonly string[]): ServingError {
  return withReason(
    'failed_precondition',
    `Serving signature name: "${name}" not found in signature def; the model has: ${known.join(', ')}`,
    'signature',
  )
}

/** The same in the words of the gRPC service. */
export function noSuchSignatureKey(name: string, known: readonly string[]): ServingError {
  return withReason(
    'failed_precondition',
    `Serving signature key "${name}" not found.; the model has: ${known.join(', ')}`,
    'signature',
  )
}

/** @param method what was asked for; the signature is for something else */
export function otherMethod(name: string, declared: string, method: string): ServingError {
  return withReason(
    'failed_precondition',
    `the signature "${name}" is for ${declared}, not for ${method}; declare one with 'method: ${method}' under 'signatures' in the model's configuration`,
    'signature',
  )
}

export function badVersion(text: string): ServingError {
  return badRequest(`Failed to convert version: ${text}; expected an integer from 0 to 2^63-1`)
}

/** Something in a request is not as it must be. The message says where it is, and what is expected. */
export function badRequest(message: string): ServingError {
  return withReason('invalid_argument', message, 'request')
}

/** The model's answer cannot be put into the form that was asked for. */
export function unfitAnswer(message: string): ServingError {
  return withReason('invalid_argument', message, 'row_form')
}
