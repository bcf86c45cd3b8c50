/** The constructor of a handler in TorchServe's class style. */
export type HandlerClass = new () => { handle: (...given: never[]) => unknown }

/** What a module exports as its handler. */
export type FoundHandler =
  | { readonly style: 'object'; readonly value: object }
  | { readonly style: 'class'; readonly value: HandlerClass }
  | { readonly style: 'function'; readonly value: (...given: never[]) => unknown }
  | { readonly style: 'none'; readonly problem: string }

const HINT =
  "write 'export default defineHandler({ … })', or export one class with a method 'handle', or a function 'handle'"

/**
 * Finds the handler among the exports of a module: the named one; else the default, an object or a class; else the
 * only class that has a `handle`; else the function `handle`.
 */
export function findHandler(
  exports: Readonly<Record<string, unknown>>,
  named: string | undefined,
): FoundHandler {
  if (named !== undefined) return namedHandler(exports, named)
  const { default: byDefault, handle } = exports
  if (isHandlerClass(byDefault)) return { style: 'class', value: byDefault }
  if (typeof byDefault === 'object' && byDefault !== null) return { style: 'object', value: byDefault }
  if (byDefault !== undefined)
    return { style: 'none', problem: `exports a ${typeof byDefault} by default; ${HINT}` }
  const classes = Object.entries(exports).filter(([, value]) => isHandlerClass(value))
  if (classes.length > 1) {
    const names = classes.map(([name]) => `'${name}'`).join(' and ')
    return { style: 'none', problem: `exports the classes ${names}; one must be the default export` }
  }
  const value = classes[0]?.[1]
  if (isHandlerClass(value)) return { style: 'class', value }
  if (isFunction(handle)) return { style: 'function', value: handle }
  return { style: 'none', problem: `has no default export; ${HINT}` }
}

function namedHandler(exports: Readonly<Record<string, unknown>>, name: string): FoundHandler {
  const value = exports[name]
  if (isHandlerClass(value)) return { style: 'class', value }
  if (isFunction(value)) return { style: 'function', value }
  const found =
    Object.keys(exports)
      .map((each) => `'${each}'`)
      .join(', ') || 'nothing'
  return { style: 'none', problem: `exports no function '${name}'; it exports ${found}` }
}

function isHandlerClass(value: unknown): value is HandlerClass {
  if (typeof value !== 'function') return false
  const { prototype } = value as { readonly prototype?: unknown } // arrow functions have none
  return typeof prototype === 'object' && prototype !== null && isFunction(Reflect.get(prototype, 'handle'))
}

function isFunction(value: unknown): value is (...given: never[]) => unknown {
  return typeof value === 'function'
}

/** A CommonJS module that was compiled from ES exports has them one level deeper. */
export function exportsOf(module: unknown): Readonly<Record<string, unknown>> {
  const exports = asRecord(module)
  const first = asRecord(exports['default'])
  return first['__esModule'] === true ? first : exports
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {} // read by key only
}
