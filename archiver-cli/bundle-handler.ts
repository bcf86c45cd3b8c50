import { stat } from 'node:fs/promises'
import { basename, dirname, extname, resolve } from 'node:path'
import { build } from 'esbuild'
import type { BuildFailure, BuildResult, Message } from 'esbuild'
import { messageOf } from '../worker/contract/errors.ts'
import { handlerReference } from '../worker/contract/handler-reference.ts'
import { handlerApi, runtimeModules } from './bundle-plugins.ts'
import { invalidOption, unreadable } from './option-errors.ts'
import type { SourceFile } from './source-file.ts'

/** What CommonJS code finds around itself; names of its own, because the handler may declare the usual ones. */
const BANNER = [
  `import { createRequire as __onnxserveCreateRequire } from 'node:module'`,
  `import { dirname as __onnxserveDirectoryOf } from 'node:path'`,
  `import { fileURLToPath as __onnxservePathOf } from 'node:url'`,
  `const __onnxserveFilename = __onnxservePathOf(import.meta.url)`,
  `const __onnxserveDirname = __onnxserveDirectoryOf(__onnxserveFilename)`,
  `const require = __onnxserveCreateRequire(import.meta.url)`,
].join('; ')

/** @param handler a module, perhaps with `:` and the name of a function in it */
export function isHandlerFile(handler: string): boolean {
  return /\.[cm]?[jt]s$/.test(handlerReference(handler).file)
}

/**
 * Bundles a handler module with its npm dependencies into one ES module, `<name>.mjs`, with an inline source map.
 *
 * A source map holds the sources, so that a stack trace names the line of the `.ts` file on any machine.
 *
 * @throws ServingError `invalid_argument` with file, line and column of the first error.
 */
export async function bundleHandler(handler: string): Promise<SourceFile> {
  const { file: path, exported: named } = handlerReference(handler)
  await stat(path).catch((error: unknown) => {
    throw unreadable('--handler', path, error)
  })
  const fileName = `${basename(path, extname(path))}.mjs`
  const directory = dirname(resolve(path))
  const { outputFiles, metafile } = await bundle(basename(path), { directory, fileName })
  const exported = Object.values(metafile.outputs).flatMap((output) => output.exports)
  checkExports(path, exported, named)
  const bytes = outputFiles[0]?.contents ?? new Uint8Array()
  return { path: fileName, content: { bytes }, origin: path }
}

/** What each export is shows only when the handler is loaded: a bundle is not run on the packer's machine. */
function checkExports(path: string, exported: readonly string[], named: string | undefined): void {
  if (named !== undefined && !exported.includes(named)) {
    throw invalidOption(
      `--handler '${path}:${named}' names a function that '${path}' does not export; it exports ${exported.join(', ') || 'nothing'}`,
    )
  }
  if (named !== undefined || exported.some(isHandlerName)) return
  throw invalidOption(
    `--handler '${path}' has no default export; write: export default defineHandler({ … }), or export a class or function as TorchServe's handlers are`,
  )
}

/** The default, TorchServe's function, or what by its first letter is a class. */
function isHandlerName(name: string): boolean {
  return name === 'default' || name === 'handle' || /^\p{Lu}/u.test(name)
}

type Bundled = BuildResult<{ write: false; metafile: true }>

async function bundle(entry: string, to: { directory: string; fileName: string }): Promise<Bundled> {
  try {
    return await build({
      entryPoints: [entry],
      absWorkingDir: to.directory,
      outfile: to.fileName,
      write: false,
      metafile: true,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      charset: 'utf8',
      sourcemap: 'inline',
      sourcesContent: true,
      logLevel: 'silent',
      banner: { js: BANNER },
      define: { __filename: '__onnxserveFilename', __dirname: '__onnxserveDirname' },
      plugins: [handlerApi, runtimeModules],
    })
  } catch (error) {
    throw invalidOption(`the handler cannot be bundled: ${describeFailure(error)}`, error)
  }
}

function describeFailure(error: unknown): string {
  const errors = isBuildFailure(error) ? error.errors : []
  const first = errors[0]
  if (first === undefined) return messageOf(error)
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : ''
  return `${placeOf(first)}${first.text}${more}`
}

function placeOf({ location }: Message): string {
  // esbuild counts columns from 0, editors from 1.
  return location === null ? '' : `${location.file}:${location.line}:${location.column + 1}: `
}

function isBuildFailure(error: unknown): error is BuildFailure {
  return error instanceof Error && 'errors' in error && Array.isArray(error.errors)
}
