import type { LoadSpec, TensorSupport } from '../contract/messages.ts'
import type { Handler } from '../handler.ts'
import type { Session } from './session.ts'

export type TensorSupportOptions = {
  readonly handler: Handler
  readonly session: Session | undefined
  readonly spec: Pick<LoadSpec, 'handler'>
}

/** Who answers requests of tensors: see {@link TensorSupport}. */
export function tensorSupportOf({ handler, session, spec }: TensorSupportOptions): TensorSupport {
  if (handler.signature !== undefined || spec.handler === 'tensor') return 'handler'
  if (handler.handle !== undefined || session === undefined) return 'none'
  // Without steps of its own, what the handler does is what the built-in tensor handler does.
  return handler.preprocess === undefined && handler.postprocess === undefined ? 'handler' : 'graph'
}
