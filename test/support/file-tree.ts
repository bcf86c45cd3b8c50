import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** Content by path below a directory; a link is written as `-> target`. */
export type FileTree = Readonly<Record<string, Uint8Array | string>>

/** Writes files, links, and the directories on the way to them. */
export async function writeTree(root: string, tree: FileTree): Promise<void> {
  for (const [name, content] of Object.entries(tree)) {
    const path = join(root, name)
    await mkdir(dirname(path), { recursive: true })
    const target = typeof content === 'string' ? /^-> (.*)$/.exec(content)?.[1] : undefined
    if (target === undefined) await writeFile(path, content)
    else await symlink(target, path)
  }
}
