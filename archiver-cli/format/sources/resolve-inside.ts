import { lstat, readlink } from 'node:fs/promises'
import { isAbsolute, join, posix, relative } from 'node:path'
import { brokenArchive, quote, systemCode } from '../archive-errors.ts'

/** Linux gives up after as many. */
const MAX_LINKS = 40

/**
 * The real place of a file below a directory, every link on the way followed as long as it stays inside: mounted
 * volumes and caches of downloads are full of them. The directory itself may be a link to anywhere, also one that
 * cannot be resolved by its text, such as `/proc/<pid>/root`.
 *
 * @returns a path below `root` without links, or undefined when there is no such file
 * @throws ServingError `invalid_argument` for a link that leaves the directory, or links without end
 */
export async function resolveInside(root: string, path: string): Promise<string | undefined> {
  const pending = path.split('/').filter((segment) => segment !== '')
  const resolved: string[] = []
  let links = 0
  for (let segment = pending.shift(); segment !== undefined; segment = pending.shift()) {
    if (segment === '.') continue
    if (segment === '..') {
      if (resolved.pop() === undefined) throw leaves(path)
      continue
    }
    const target = await linkTarget(join(root, ...resolved, segment))
    if (target === undefined) return undefined
    if (target === '') {
      resolved.push(segment)
      continue
    }
    links++
    if (links > MAX_LINKS) throw brokenArchive(`${quote(path)} is a link that leads to links without end`)
    const inside = isAbsolute(target) ? relative(root, target) : target
    if (isAbsolute(target)) resolved.length = 0
    pending.unshift(...posix.normalize(inside).split('/'))
  }
  return join(root, ...resolved)
}

/** Where a link points to, `''` for what is no link, undefined for what is not there. */
async function linkTarget(path: string): Promise<string | undefined> {
  try {
    return (await lstat(path)).isSymbolicLink() ? await readlink(path) : ''
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return undefined
    throw error
  }
}

function leaves(path: string) {
  return brokenArchive(
    `${quote(path)} is a link that leaves the model's directory; copy the file there, or serve the directory that holds both`,
  )
}
