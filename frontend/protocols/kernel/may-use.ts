import { ServingError } from '../../../worker/contract/errors.ts'
import type { RequestContext } from './transport.ts'

/** Whether the caller may learn of a model: a token may be for certain models only. */
export function mayUse({ state }: RequestContext, name: string): boolean {
  try {
    state.checkModel?.(name)
    return true
  } catch (error) {
    if (error instanceof ServingError) return false
    throw error
  }
}
