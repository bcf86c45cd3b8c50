import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** Whether a module runs from its TypeScript source, and not compiled. @param url the module's `import.meta.url` */
export function isSource(url: string): boolean {
  return url.endsWith('.ts')
}

/**
 * The file of another module, to start a process or a thread by: the source or its compiled form, as `base` itself.
 *
 * @param base `import.meta.url` of the caller
 * @param path of the source, ending in `.ts`, from `base`
 */
export function moduleFile(base: string, path: string): string {
  return fileURLToPath(new URL(isSource(base) ? path : path.replace(/\.ts$/, '.js'), base))
}

/** V8's flags for a worker process; all of them are known from Node.js 20 to 24. */
export const WORKER_V8_FLAGS: readonly string[] = [
  // WebAssembly guard regions reserve 10 GB each, which the limit on the address space would refuse.
  '--disable-wasm-trap-handler',
  // In MB, of each thread. What a batch leaves is dead with its answer: more space only delays that it is given back.
  '--max-semi-space-size=4',
  // A collection of so little is over before another thread has woken up, on a core that a batch could use.
  '--no-parallel-scavenge',
]

/** How a thread is started: the compiled module, or the TypeScript source when this process runs that. */
export type ThreadEntry = { readonly filename: string; readonly execArgv?: string[] }

/** Of a module that a thread is started by; the parameters are those of {@link moduleFile}. */
export function threadEntryOf(base: string, path: string): ThreadEntry {
  const filename = moduleFile(base, path)
  // Left alone, a thread inherits all flags; given anew, those of the whole process (V8's) would be refused.
  return isSource(base)
    ? { filename, execArgv: [...process.execArgv.filter(isForThreads), ...registerTsx()] }
    : { filename }
}

function isForThreads(flag: string): boolean {
  return !WORKER_V8_FLAGS.includes(flag)
}

/**
 * tsx registers itself in the main thread only, and Node.js 20 hands its hooks to no other thread.
 * Source runs in development and tests; remove this when Node.js 20 is no longer supported.
 */
function registerTsx(): string[] {
  // Not by `import.meta.resolve`, which is absent where tsx has made a CommonJS module of this one, as for mocha.
  const file = createRequire(import.meta.url)
    .resolve('tsx/esm/api')
    .replace(/\.cjs$/, '.mjs')
  const api = JSON.stringify(pathToFileURL(file).href)
  const preload = `import { register } from ${api}; register()`
  return ['--import', `data:text/javascript,${encodeURIComponent(preload)}`]
}
