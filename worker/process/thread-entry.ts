import { isSource, moduleFile } from '../contract/module-file.ts'

/** How a worker thread is started: the compiled module, or the TypeScript source when this process runs that. */
export type ThreadEntry = { readonly filename: string; readonly execArgv?: string[] }

export function threadEntry(): ThreadEntry {
  const filename = moduleFile(import.meta.url, '../thread/main.ts')
  // Left alone, a thread inherits all flags; given anew, those of the whole process (V8's) would be refused.
  return isSource(import.meta.url)
    ? { filename, execArgv: [...process.execArgv.filter(isForThreads), ...registerTsx()] }
    : { filename }
}

function isForThreads(flag: string): boolean {
  return flag !== '--disable-wasm-trap-handler'
}

/**
 * tsx registers itself in the main thread only, and Node.js 20 hands its hooks to no other thread.
 * Source runs in development and tests; remove this when Node.js 20 is no longer supported.
 */
function registerTsx(): string[] {
  const api = JSON.stringify(import.meta.resolve('tsx/esm/api'))
  const preload = `import { register } from ${api}; register()`
  return ['--import', `data:text/javascript,${encodeURIComponent(preload)}`]
}
