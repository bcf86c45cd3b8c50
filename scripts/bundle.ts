import { readFile, rm, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { build, type Plugin } from 'esbuild'
import { licensesOf } from './third-party-licenses.ts'

/*
 * Bundles what a server starts: its programs and their packages, of which Node.js otherwise resolves and reads more
 * than a thousand modules, which is a third of the time to the first prediction.
 *
 * Runs at the root of the repository, after the compiler. The compiled entries then import their bundles; every other
 * compiled module stays as it is, for whoever imports the package.
 */

const ROOT = process.cwd()
const DIST = join(ROOT, 'dist')
const BUNDLES = join(DIST, 'bundle')

/** Processes and threads are started by these modules. */
const ENTRIES = [
  'frontend/main',
  'frontend/frontends/main',
  'worker/process/main',
  'worker/thread/main',
  'worker/thread/session-main',
  'worker/probe/main',
] as const

/** Packages that load native libraries or files beside themselves, or that others load a second time. */
const NOT_BUNDLED = [
  'onnxruntime-node',
  'onnxruntime-common',
  'sharp',
  'esbuild',
  'piscina',
  '@grpc/grpc-js',
  '@grpc/proto-loader',
  '@aws-sdk/client-s3', // of unzipper, for archives that are never opened here
]

/** What CommonJS packages load from Node.js by, and what {@link ownPlaces} starts from. */
const BANNER = [
  `import { createRequire as __onnxserveCreateRequire } from 'node:module'`,
  `const __onnxserveBundle = import.meta.url`,
  `const require = __onnxserveCreateRequire(__onnxserveBundle)`,
].join('; ')

/** A module finds files and other modules by its own place, where it was compiled to. */
const ownPlaces: Plugin = {
  name: 'onnxserve-own-places',
  setup(bundler) {
    bundler.onLoad({ filter: /\.([cm]?js|ts)$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8')
      if (!source.includes('import.meta.url')) return undefined
      const file = relative(ROOT, path)
      if (file.startsWith('node_modules')) {
        return { errors: [{ text: `${file} has a use for its own place: do not bundle its package` }] }
      }
      const compiled = relative(BUNDLES, join(DIST, file.replace(/\.ts$/, '.js')))
      // One line more or less would shift all others in stack traces.
      const contents = `const __onnxservePlace = new URL(${JSON.stringify(compiled)}, __onnxserveBundle).href; ${source}`
      return { contents, loader: 'ts' }
    })
  },
}

async function bundleAll(): Promise<void> {
  await rm(BUNDLES, { recursive: true, force: true })
  const bundled = await Promise.all(ENTRIES.map(bundle))
  await writeFile(join(BUNDLES, 'LICENSES.txt'), await licensesOf(bundled.flat()))
  for (const entry of ENTRIES) await importBundle(entry)
  // What the compiler knows of its last run is no longer so: the next one writes the entries again.
  await rm(join(DIST, '.tsbuildinfo'), { force: true })
}

/**
 * Each by itself, for they share no process or thread: together, they would be cut into many small files.
 *
 * @returns the files that are in it
 */
async function bundle(entry: string): Promise<string[]> {
  const { metafile } = await build({
    entryPoints: { [bundleOf(entry)]: `${entry}.ts` },
    absWorkingDir: ROOT,
    outdir: BUNDLES,
    chunkNames: 'chunk-[hash]',
    bundle: true,
    splitting: true,
    metafile: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    sourcemap: true,
    sourcesContent: false,
    legalComments: 'none',
    logLevel: 'error',
    banner: { js: BANNER },
    define: { 'import.meta.url': '__onnxservePlace' },
    external: NOT_BUNDLED,
    plugins: [ownPlaces],
  })
  return Object.keys(metafile.inputs)
}

async function importBundle(entry: string): Promise<void> {
  const path = join(DIST, `${entry}.js`)
  const compiled = await readFile(path, 'utf8')
  const [interpreter = ''] = /^#!.*\n/.exec(compiled) ?? []
  const from = JSON.stringify(`${'../'.repeat(entry.split('/').length - 1)}bundle/${bundleOf(entry)}.js`)
  const statement = /^export default /m.test(compiled) ? `export { default } from ${from}` : `import ${from}`
  await writeFile(path, `${interpreter}${statement}\n`)
}

function bundleOf(entry: string): string {
  return entry.replaceAll('/', '-')
}

await bundleAll()
