import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'

/** A new directory for the running test, which must call `remove` in its `afterEach`. */
export async function temporaryDirectory(): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'onnxserve-test-'))
  return { path, remove: () => rm(path, { recursive: true, force: true }) }
}

/** Every file below a directory with its content as hex; an empty directory shows with its name and a slash. */
export async function treeOf(root: string): Promise<Record<string, string>> {
  const tree: Record<string, string> = {}
  for (const entry of await readdir(root, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name)
    const name = relative(root, path)
    tree[entry.isDirectory() ? `${name}/` : name] = entry.isFile() ? await readFile(path, 'hex') : ''
  }
  return tree
}
