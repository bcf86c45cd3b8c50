import { ServingError } from '../../../worker/contract/errors.ts'

/** Told what has no effect, a sentence each. */
export type Note = (sentence: string) => void

export function refused(problem: string): ServingError {
  return new ServingError('invalid_argument', `config.pbtxt: ${problem}`, { reason: 'model_config' })
}
