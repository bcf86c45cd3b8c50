import { readFile } from 'node:fs/promises'
import { posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Plugin } from 'esbuild'
import { isSource } from '../worker/contract/module-file.ts'

/** The sources here run from `.ts` files, compiled ones from `.js`. */
const EXTENSION = isSource(import.meta.url) ? 'ts' : 'js'
const OWN_ROOT = new URL('../', import.meta.url)

/**
 * Resolves `onnxserve/handler` to this package's own module, wherever the handler lies and whether or not the
 * package is installed beside it.
 *
 * Its files are named `onnxserve:worker/…` in the bundle: the place of this installation must not change a byte.
 */
export const handlerApi: Plugin = {
  name: 'onnxserve-handler-api',
  setup(build) {
    build.onResolve({ filter: /^onnxserve\/handler$/ }, () => ({
      path: `worker/handler.${EXTENSION}`,
      namespace: 'onnxserve',
    }))
    build.onResolve({ filter: /^\./, namespace: 'onnxserve' }, ({ path, importer }) => ({
      path: posix.join(posix.dirname(importer), path),
      namespace: 'onnxserve',
    }))
    build.onLoad({ filter: /.*/, namespace: 'onnxserve' }, async ({ path }) => ({
      contents: await readFile(new URL(path, OWN_ROOT), 'utf8'),
      loader: EXTENSION,
      resolveDir: fileURLToPath(OWN_ROOT),
    }))
  },
}

/**
 * Leaves native modules out of the bundle: the server has them.
 *
 * An extracted archive lies where no `node_modules` is found, so they are required as from the running program
 * (`process.argv[1]`; in a worker thread that is the thread pool's own file, a neighbour in `node_modules`).
 */
export const runtimeModules: Plugin = {
  name: 'onnxserve-runtime-modules',
  setup(build) {
    build.onResolve({ filter: /^(sharp|onnxruntime-node)$/ }, ({ path }) => ({
      path,
      namespace: 'onnxserve-runtime',
    }))
    build.onLoad({ filter: /.*/, namespace: 'onnxserve-runtime' }, ({ path }) => ({
      contents: `module.exports = __onnxserveCreateRequire(process.argv[1])(${JSON.stringify(path)})`,
      loader: 'js',
    }))
  },
}
