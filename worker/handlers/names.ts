export { BUILT_IN_HANDLERS, isBuiltInHandler, type BuiltInHandler } from '../contract/built-in-handlers.ts'
