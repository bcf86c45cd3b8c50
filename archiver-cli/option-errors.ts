import { BUILT_IN_HANDLERS } from '../worker/contract/built-in-handlers.ts'
import { ServingError, messageOf } from '../worker/contract/errors.ts'
import { nearest } from '../worker/contract/nearest.ts'

export function invalidOption(message: string, cause?: unknown): ServingError {
  return new ServingError('invalid_argument', message, { cause, reason: 'option' })
}

export function invalidName(option: string, value: string): ServingError {
  return invalidOption(
    `${option} '${value}' must start with a letter or digit and hold only letters, digits, ".", "_" and "-", 128 at most`,
  )
}

export function unreadable(what: string, path: string, cause: unknown): ServingError {
  return invalidOption(`${what} '${path}' cannot be read: ${messageOf(cause)}`, cause)
}

/** Handlers of TorchServe that have no counterpart of the same name, and what to do. */
const FOREIGN_HANDLERS: Readonly<Record<string, string>> = {
  base_handler: "use 'tensor', which serves the graph as it is, or a handler.ts of your own",
  dali_image_classifier: "NVIDIA DALI has no Node.js binding; 'image_classifier' decodes on the CPU",
  vllm_handler: 'vLLM is a Python engine; ONNX graphs are served here',
  trt_llm_handler: 'TensorRT-LLM is no ONNX engine; ONNX graphs are served here',
}

export function unknownHandler(name: string): ServingError {
  const foreign = Object.hasOwn(FOREIGN_HANDLERS, name) ? FOREIGN_HANDLERS[name] : undefined
  if (foreign !== undefined) return invalidOption(`the handler '${name}' is TorchServe's: ${foreign}`)
  if (/\.py(:|$)/.test(name)) {
    return invalidOption(
      `handler '${name}' is Python; handlers here are TypeScript or JavaScript modules (handler.ts), or one of ${BUILT_IN_HANDLERS.join(', ')}`,
    )
  }
  const suggestion = nearest(name, BUILT_IN_HANDLERS)
  return invalidOption(
    `there is no built-in handler '${name}'; ${suggestion === undefined ? '' : `did you mean '${suggestion}'? `}` +
      `Expected one of ${BUILT_IN_HANDLERS.join(', ')}, or a .ts or .js file`,
  )
}

export function clashingFiles(path: string, first: string, second: string): ServingError {
  return invalidOption(`'${first}' and '${second}' would both be '${path}' in the archive; rename one`)
}
