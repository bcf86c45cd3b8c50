import { readdir, stat } from 'node:fs/promises'
import { isAbsolute, join, parse } from 'node:path'

/**
 * The paths that match a shell pattern (`*`, `?`, `[…]`; hidden files only when named), sorted. A path that exists
 * is itself, whatever characters it has.
 *
 * Node.js has a glob of its own from version 22 on.
 */
export async function expandPattern(pattern: string): Promise<string[]> {
  if (!/[*?[]/.test(pattern) || (await exists(pattern))) return [pattern]
  const root = isAbsolute(pattern) ? parse(pattern).root : ''
  let matches = [root]
  for (const segment of pattern.slice(root.length).split('/')) {
    const next = await Promise.all(matches.map((parent) => matchSegment(parent, segment)))
    matches = next.flat()
  }
  return matches.sort()
}

async function matchSegment(parent: string, segment: string): Promise<string[]> {
  if (!/[*?[]/.test(segment)) {
    const path = join(parent, segment)
    return (await exists(path)) ? [path] : []
  }
  const matcher = matcherOf(segment)
  const names = await readdir(parent === '' ? '.' : parent).catch(() => []) // a file, or not ours to read: no match
  return names
    .filter((name) => matcher.test(name) && (segment.startsWith('.') || !name.startsWith('.')))
    .map((name) => join(parent, name))
}

function matcherOf(segment: string): RegExp {
  const source = segment.replace(/\[!?[^\]]+\]|[^]/g, (token) => {
    if (token === '*') return '.*'
    if (token === '?') return '.'
    if (token.length === 1) return token.replace(/[\\^$.|+()[\]{}]/, '\\$&')
    const inner = token.slice(1, -1).replace(/\\/g, '\\\\').replace(/\^/g, '\\^')
    return `[${inner.startsWith('!') ? `^${inner.slice(1)}` : inner}]`
  })
  return new RegExp(`^${source}$`, 's')
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
