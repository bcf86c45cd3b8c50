import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { isBuiltInHandler, type BuiltInHandler } from '../contract/built-in-handlers.ts'
import { messageOf, ServingError } from '../contract/errors.ts'
import { handlerReference } from '../contract/handler-reference.ts'
import type { LoadSpec } from '../contract/messages.ts'
import { nearest } from '../contract/nearest.ts'
import type { Handler, TorchServeFunction, TorchServeHandler } from '../handler.ts'
import { exportsOf, findHandler, type HandlerClass } from './find-handler.ts'
import { signatureProblem } from './handler-signature.ts'
import { handlerFromClass, handlerFromFunction } from './torchserve/adapter.ts'

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
export async function loadHandler(spec: LoadSpec): Promise<LoadedHandler> {
  if (isBuiltInHandler(spec.handler)) {
    return { handler: await builtInHandler(spec.handler), usesHeaders: false }
  }
  const { file, exported } = handlerReference(spec.handler)
  const url = pathToFileURL(join(spec.modelDir, file)).href
  let module: unknown
  try {
    module = await import(url)
  } catch (error) {
    throw badHandler(spec.handler, `could not be imported: ${messageOf(error)}`, error)
  }
  const found = findHandler(exportsOf(module), exported)
  switch (found.style) {
    case 'none':
      throw badHandler(spec.handler, found.problem)
    case 'object':
      return { handler: checkHandler(spec.handler, found.value), usesHeaders: true }
    case 'class':
      return { handler: handlerFromClass(checkClass(spec.handler, found.value), spec), usesHeaders: true }
    case 'function':
      return { handler: handlerFromFunction(found.value as TorchServeFunction, spec), usesHeaders: true } // findHandler saw a function
  }
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

function checkHandler(name: string, value: object): Handler {
  checkMembers(name, value)
  for (const key of Object.keys(value)) refuseMisspelling(name, key)
  const handler: Handler = value
  if (handler.handle !== undefined && (handler.preprocess ?? handler.postprocess) !== undefined) {
    throw badHandler(name, `has 'handle', which answers whole batches, beside 'preprocess' or 'postprocess'`)
  }
  return handler
}

function checkClass(name: string, HandlerClass: HandlerClass): TorchServeHandler {
  let value: object
  try {
    value = new HandlerClass()
  } catch (error) {
    throw badHandler(name, `threw in the constructor of its class: ${messageOf(error)}`, error)
  }
  checkMembers(name, value)
  return value as TorchServeHandler // has a handle; its other members are functions or absent
}

function checkMembers(name: string, value: object): void {
  for (const member of MEMBERS) {
    const type = typeof Reflect.get(value, member)
    if (type !== 'function' && type !== 'undefined') {
      throw badHandler(name, `has a '${member}' that is a ${type}, not a function`)
    }
  }
  const problem = signatureProblem(Reflect.get(value, 'signature'))
  if (problem !== undefined) throw badHandler(name, `has a 'signature' ${problem}`)
  const schemas: unknown = Reflect.get(value, 'schemas')
  if (schemas !== undefined && !areSchemas(schemas)) {
    throw badHandler(
      name,
      `has 'schemas' that are not { request?: { … }, response?: { … } }, JSON Schemas of at most ${MAX_SCHEMA_CHARACTERS} characters`,
    )
  }
}

/** They go into the API description of every request for it. */
const MAX_SCHEMA_CHARACTERS = 256 * 1024

function areSchemas(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const isSchema = (each: unknown) => each === undefined || (typeof each === 'object' && each !== null)
  try {
    const { length } = JSON.stringify(value)
    return (
      length <= MAX_SCHEMA_CHARACTERS &&
      ['request', 'response'].every((key) => isSchema(Reflect.get(value, key)))
    )
  } catch {
    return false // a cycle, or a BigInt
  }
}

/** Members of its own are a handler's business, but `preProcess` would silently never be called. */
function refuseMisspelling(name: string, key: string): void {
  const meant = nearest(key, MEMBERS)
  const isOwn = meant === undefined || meant === key || meant.toLowerCase() !== key.toLowerCase()
  if (!isOwn) throw badHandler(name, `has the unknown member '${key}'; did you mean '${meant}'?`)
}

function badHandler(name: string, problem: string, cause?: unknown): ServingError {
  return new ServingError('invalid_argument', `the handler '${name}' ${problem}`, {
    cause,
    reason: 'handler',
  })
}
