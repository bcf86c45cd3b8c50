import { readdir, stat } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { brokenArchive, quote } from '../archive-errors.ts'
import { resolveInside } from './resolve-inside.ts'

const USUAL_NAME = 'model.onnx'

/**
 * The ONNX file of a version, relative to `root`: the one that the configuration names, else `model.onnx`, else the
 * only one there. Triton's form of a large model counts too: a directory `model.onnx` with the file of that name and
 * its weights in it.
 *
 * @param folder relative to `root`, `''` for the root itself
 * @returns undefined when there is none
 * @throws ServingError `invalid_argument` for several of which none is `model.onnx`
 */
export async function findGraphFile(
  root: string,
  folder: string,
  named?: string,
): Promise<string | undefined> {
  const directory = await resolveInside(root, folder)
  if (directory === undefined || !(await stat(directory)).isDirectory()) return undefined
  const names = (await readdir(directory)).filter((name) => name.endsWith('.onnx') || name === named).sort()
  const chosen = choose(names, named)
  if (chosen === undefined) return undefined
  const file = posix.join(folder, chosen)
  if (await isDirectory(root, file)) {
    const inner = posix.join(file, chosen)
    return (await isFile(root, inner)) ? inner : undefined
  }
  return (await isFile(root, file)) ? file : undefined
}

function choose(names: readonly string[], named: string | undefined): string | undefined {
  if (named !== undefined) return names.includes(named) ? named : undefined
  if (names.includes(USUAL_NAME) || names.length <= 1)
    return names.includes(USUAL_NAME) ? USUAL_NAME : names[0]
  const shown = names.slice(0, 5).map(quote).join(', ')
  throw brokenArchive(
    `holds several ONNX files (${shown}); name one ${USUAL_NAME}, or give each its own directory`,
  )
}

async function isDirectory(root: string, path: string): Promise<boolean> {
  const real = await resolveInside(root, path)
  return real !== undefined && (await stat(join(real))).isDirectory()
}

async function isFile(root: string, path: string): Promise<boolean> {
  const real = await resolveInside(root, path)
  return real !== undefined && (await stat(join(real))).isFile()
}
