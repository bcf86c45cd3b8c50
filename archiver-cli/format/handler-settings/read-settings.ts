import type { z } from 'zod'
import type { BuiltInHandler } from '../../../worker/contract/built-in-handlers.ts'
import { ServingError } from '../../../worker/contract/errors.ts'
import { nearest } from '../../../worker/contract/nearest.ts'
import { HANDLER_SETTINGS, type HandlerSettings } from './schemas.ts'

/**
 * Reads the settings of a built-in handler, completed by their defaults: when packing, so that a mistake is seen
 * there, and again where the handler is loaded.
 *
 * @throws ServingError `invalid_argument` naming the key, what is allowed, and the likely spelling.
 */
export function readHandlerSettings<H extends BuiltInHandler>(
  handler: H,
  value: unknown,
): HandlerSettings<H> {
  const schema: z.ZodObject = HANDLER_SETTINGS[handler]
  const result = schema.safeParse(value)
  if (!result.success) {
    throw badSettings(handler, describeIssue(result.error.issues[0], Object.keys(schema.shape)))
  }
  const settings = result.data as HandlerSettings<H> // made by that handler's schema
  if ('labels' in settings && 'labelsFile' in settings) {
    throw badSettings(handler, "has both 'labels' and 'labelsFile'")
  }
  return settings
}

/** A mistake in the settings of a handler. */
export function badSettings(handler: BuiltInHandler, problem: string): ServingError {
  return new ServingError('invalid_argument', `the configuration of the handler '${handler}' ${problem}`, {
    reason: 'model_config',
  })
}

function describeIssue(issue: z.core.$ZodIssue | undefined, known: readonly string[]): string {
  if (issue?.code === 'unrecognized_keys') {
    const key = issue.keys[0] ?? ''
    if (known.length === 0) return `has '${key}'; this handler has no settings`
    const suggestion = nearest(key, known)
    return `has the unknown key '${key}'${suggestion === undefined ? '' : `; did you mean '${suggestion}'?`}`
  }
  return `has a bad value for '${issue?.path.join('.') ?? ''}': ${issue?.message ?? 'unknown'}`
}
