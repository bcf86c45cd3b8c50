import { spawn } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { messageOf } from '../../worker/contract/errors.ts'
import { neededBy, packageClosure } from './package-closure.ts'
import { splitParts } from './split-parts.ts'

/*
 * node --import tsx bench/gpu/pack.ts --to <folder> [--node <node binary for linux-x64>] [--gpu-libraries <directory>]
 *     [--no-parts]
 *
 * Makes a folder that measures on a machine without network and without this checkout: the built server, the benchmark,
 * what they need of node_modules for linux-x64, and `run`. Beside it lies the same as parts of a tar.gz file, each at
 * most 64 MiB. Build first: npm run build.
 */
const PART_BYTES = 64 * 2 ** 20
const FOLDERS = ['dist', 'bench', 'worker', 'archiver-cli', 'frontend', 'test/support']
const FILES = ['package.json', 'tsconfig.json', 'LICENSE']
/** The benchmark runs from its TypeScript source, and reports by prettier's tables. */
const TOOLS = ['tsx', 'prettier']
const BINDINGS = 'onnxruntime-node/bin/napi-v6'
const LINUX_BINDING = `${BINDINGS}/linux/x64`

const RUN = `#!/bin/sh
# Measures on this machine's GPU and prints one table; the flags are those of bench/gpu/main.ts.
# NODE names another Node.js than the one in this folder, or on the PATH.
cd "$(dirname "$0")" || exit 1
[ -n "$NODE" ] || { [ -x ./node ] && NODE=./node; } || NODE=node
exec "$NODE" --import tsx bench/gpu/main.ts "$@"
`

type PackOptions = {
  readonly root: string
  readonly to: string
  readonly node?: string | undefined
  readonly gpuLibraries?: string | undefined
}

/** Makes the folder. @throws Error when something that it needs is not there */
export function packFolder({ root, to, node, gpuLibraries }: PackOptions): void {
  if (!existsSync(join(root, 'dist', 'frontend', 'main.js')))
    throw new Error('there is no dist/: npm run build')
  if (existsSync(to)) throw new Error(`${to} is there already; name a new folder`)
  mkdirSync(to, { recursive: true })
  for (const name of [...FOLDERS, ...FILES]) copy(join(root, name), join(to, name))
  const names = packageClosure(root, [...neededBy(root), ...TOOLS])
  for (const name of names)
    copyPackage(join(root, 'node_modules', name), join(to, 'node_modules', name), root)
  if (gpuLibraries !== undefined) copy(gpuLibraries, join(to, 'node_modules', LINUX_BINDING))
  if (node !== undefined) copy(node, join(to, 'node'))
  writeFileSync(join(to, 'run'), RUN)
  chmodSync(join(to, 'run'), 0o755)
}

function copy(from: string, to: string): void {
  if (!existsSync(from)) throw new Error(`${from} is not there`)
  mkdirSync(dirname(to), { recursive: true })
  cpSync(from, to, { recursive: true, dereference: true })
}

/** Without the runtime's bindings of other platforms, most of its size. */
function copyPackage(from: string, to: string, root: string): void {
  cpSync(from, to, {
    recursive: true,
    filter: (path) => isForLinux(relative(join(root, 'node_modules'), path)),
  })
}

export function isForLinux(path: string): boolean {
  if (!path.startsWith(`${BINDINGS}/`)) return true
  return LINUX_BINDING.startsWith(path) || path.startsWith(`${LINUX_BINDING}/`)
}

async function writeParts(folder: string): Promise<string[]> {
  const tar = spawn('tar', ['-cz', '-C', dirname(folder), basename(folder)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return splitParts(tar.stdout, { path: `${folder}.tar.gz`, partBytes: PART_BYTES })
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      to: { type: 'string' },
      node: { type: 'string' },
      'gpu-libraries': { type: 'string' },
      'no-parts': { type: 'boolean', default: false },
    },
  })
  if (values.to === undefined) throw new Error('--to is missing: the folder to make')
  const folder = resolve(values.to)
  const root = resolve(import.meta.dirname, '../..')
  packFolder({ root, to: folder, node: values.node, gpuLibraries: values['gpu-libraries'] })
  console.log(`made ${folder}; its bench/gpu/README.md says how to run it`)
  if (values['no-parts']) return
  const parts = await writeParts(folder)
  console.log(
    `carry ${parts.join(', ')}, then: cat ${basename(folder)}.tar.gz.* | tar -xz && ${basename(folder)}/run`,
  )
}

if (process.argv[1] === import.meta.filename) {
  await main().catch((error: unknown) => {
    console.error(`not packed: ${messageOf(error)}`)
    process.exitCode = 1
  })
}
