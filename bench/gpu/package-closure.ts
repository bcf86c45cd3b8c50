import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

type PackageFile = {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

/**
 * Names of the folders of `node_modules` that these packages need at run time, their own among them. What lies in a
 * package's own `node_modules` comes with it, and optional packages of other platforms are not installed.
 */
export function packageClosure(root: string, names: readonly string[]): string[] {
  const found = new Set<string>()
  const visit = (name: string, from: string) => {
    const nested = join(from, 'node_modules', name)
    const directory = from !== root && existsSync(nested) ? nested : join(root, 'node_modules', name)
    const isShared = directory === join(root, 'node_modules', name)
    if (!existsSync(directory) || (isShared && found.has(name))) return
    if (isShared) found.add(name)
    for (const needed of neededBy(directory)) visit(needed, directory)
  }
  for (const name of names) visit(name, root)
  return [...found].sort()
}

export function neededBy(directory: string): string[] {
  const file = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as PackageFile // npm has read it before
  return Object.keys({ ...file.dependencies, ...file.optionalDependencies })
}
