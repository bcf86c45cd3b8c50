import type { ServingError } from '../../../worker/contract/errors.ts'
import { plainErrorAnswer } from '../kernel/error-answer.ts'
import type { Answer } from '../kernel/transport.ts'

/** Errors in the words of the Open Inference Protocol: `{"error": "…"}`. */
export function renderError(error: ServingError): Answer {
  return plainErrorAnswer(error)
}
