import { ServingError } from '../contract/errors.ts'
import type { LoadSpec } from '../contract/messages.ts'
import type { Handler, HandlerLogger } from '../handler.ts'
import { Engine, type BatchEngine } from './engine.ts'
import { PaddedEngine } from './padded-engine.ts'
import { Padder } from './padder.ts'
import type { Session } from './session.ts'

export type EngineFacts = {
  readonly spec: Pick<LoadSpec, 'maxBatchRows' | 'padding'>
  readonly handler: Pick<Handler, 'handle'>
  readonly log: HandlerLogger
}

/** The engine that a version's settings ask for. @throws ServingError `invalid_argument` when padding cannot be had */
export function engineOf(session: Session, { spec, handler, log }: EngineFacts): BatchEngine {
  const engine = new Engine(session, spec.maxBatchRows, log)
  if (spec.padding === undefined) return engine
  if (handler.handle !== undefined) {
    throw new ServingError(
      'invalid_argument',
      "the model has 'padding', and its handler answers whole batches by its 'handle', past the padding; remove the one, or give the handler 'preprocess' and 'postprocess'",
      { reason: 'model_config' },
    )
  }
  return new PaddedEngine(engine, new Padder(spec.padding, session))
}
