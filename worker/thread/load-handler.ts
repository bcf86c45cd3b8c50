import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { isBuiltInHandler, type BuiltInHandler } from '../contract/built-in-handlers.ts'
import { messageOf, ServingError } from '../contract/errors.ts'
import type { LoadSpec } from '../contract/messages.ts'
import { nearest } from '../contract/nearest.ts'
import type { Handler } from '../handler.ts'

export type LoadedHandler = {
  readonly handler: Handler
  /** Whether it may read request headers; if not, they need not be sent. */
  readonly usesHeaders: boolean
}

/** What the server calls on a handler. */
const MEMBERS = ['initialize', 'preprocess', 'postprocess', 'handle', 'explain', 'describe'] as const

/**
 * Loads a built-in handler by its name, or the archive's own module.
 *
 * @throws ServingError `invalid_argument` when the module cannot be imported or exports no handler.
 */
export async function loadHandler(spec: Pick<LoadSpec, 'handler' | 'modelDir'>): Promise<LoadedHandler> {
  if (isBuiltInHandler(spec.handler)) {
    return { handler: await builtInHandler(spec.handler), usesHeaders: false }
  }
  const url = pathToFileURL(join(spec.modelDir, spec.handler)).href
  let module: unknown
  try {
    module = await import(url)
  } catch (error) {
    throw badHandler(spec.handler, `could not be imported: ${messageOf(error)}`, error)
  }
  return { handler: checkHandler(spec.handler, defaultExport(module)), usesHeaders: true }
}

/** On demand: image decoding loads a large native library. */
async function builtInHandler(name: BuiltInHandler): Promise<Handler> {
  switch (name) {
    case 'tensor':
      return (await import('../handlers/tensor.ts')).tensorHandler()
    case 'image_classifier':
      return (await import('../handlers/image_classifier.ts')).imageClassifier()
    case 'object_detector':
      return (await import('../handlers/object_detector.ts')).objectDetector()
    case 'image_segmenter':
      return (await import('../handlers/image_segmenter.ts')).imageSegmenter()
    case 'text_classifier':
      return (await import('../handlers/text_classifier.ts')).textClassifier()
  }
}

function checkHandler(name: string, value: unknown): Handler {
  if (typeof value !== 'object' || value === null) {
    const found = value === undefined ? 'has no default export' : `exports a ${typeof value} by default`
    throw badHandler(name, `${found}; write 'export default defineHandler({ … })'`)
  }
  for (const member of MEMBERS) {
    const type = typeof Reflect.get(value, member)
    if (type !== 'function' && type !== 'undefined') {
      throw badHandler(name, `has a '${member}' that is a ${type}, not a function`)
    }
  }
  for (const key of Object.keys(value)) refuseMisspelling(name, key)
  const handler: Handler = value
  if (handler.handle !== undefined && (handler.preprocess ?? handler.postprocess) !== undefined) {
    throw badHandler(name, `has 'handle', which answers whole batches, beside 'preprocess' or 'postprocess'`)
  }
  return handler
}

/** Members of its own are a handler's business, but `preProcess` would silently never be called. */
function refuseMisspelling(name: string, key: string): void {
  const meant = nearest(key, MEMBERS)
  const isOwn = meant === undefined || meant === key || meant.toLowerCase() !== key.toLowerCase()
  if (!isOwn) throw badHandler(name, `has the unknown member '${key}'; did you mean '${meant}'?`)
}

/** A CommonJS module that was compiled from `export default` has it one level deeper. */
function defaultExport(module: unknown): unknown {
  const first = memberOf(module, 'default')
  return memberOf(first, '__esModule') === true ? memberOf(first, 'default') : first
}

function memberOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined
}

function badHandler(name: string, problem: string, cause?: unknown): ServingError {
  return new ServingError('invalid_argument', `the handler '${name}' ${problem}`, {
    cause,
    reason: 'handler',
  })
}
