import assert from 'node:assert/strict'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { expandPattern } from '../../archiver-cli/expand-pattern.ts'
import { collectExtraFiles } from '../../archiver-cli/extra-files.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const FILES = [
  'a.txt',
  'b.txt',
  'b.json',
  '.hidden',
  'x[1].txt',
  'assets/c.txt',
  'assets/sub/d.txt',
  'other/c.txt',
]
const IGNORED = ['assets/.git/config', 'assets/__pycache__/x.pyc', 'assets/__MACOSX/x', 'assets/.DS_Store']

describe('extra files', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>
  beforeEach(async () => {
    directory = await temporaryDirectory()
    for (const path of [...FILES, ...IGNORED]) {
      await mkdir(dirname(join(directory.path, path)), { recursive: true })
      await writeFile(join(directory.path, path), path)
    }
  })
  afterEach(() => directory.remove())

  const PATTERNS: readonly [pattern: string, matches: readonly string[]][] = [
    ['a.txt', ['a.txt']],
    ['*.txt', ['a.txt', 'b.txt', 'x[1].txt']],
    ['b.*', ['b.json', 'b.txt']],
    ['?.txt', ['a.txt', 'b.txt']],
    ['[ab].txt', ['a.txt', 'b.txt']],
    ['[!a].txt', ['b.txt']],
    ['*/c.txt', ['assets/c.txt', 'other/c.txt']],
    ['a*/sub/*', ['assets/sub/d.txt']],
    ['x[1].txt', ['x[1].txt']],
    ['.h*', ['.hidden']],
    ['*.onnx', []],
    ['a.txt/*', []],
  ]
  for (const [pattern, matches] of PATTERNS) {
    it(`match ${pattern}`, async () => {
      const found = await expandPattern(join(directory.path, pattern))
      assert.deepEqual(
        found.map((path) => relative(directory.path, path)),
        matches,
      )
    })
  }

  const COLLECTED: readonly [patterns: readonly string[], paths: readonly string[]][] = [
    [
      ['a.txt', 'b.json'],
      ['a.txt', 'b.json'],
    ],
    [['assets/c.txt'], ['c.txt']],
    [['assets'], ['c.txt', 'sub/d.txt']],
    [['asset?/*'], ['c.txt', 'd.txt']],
  ]
  for (const [patterns, paths] of COLLECTED) {
    it(`of ${patterns.join(',')} lie flat as ${paths.join(',')}`, async () => {
      const files = await collectExtraFiles(patterns.map((pattern) => join(directory.path, pattern)))
      assert.deepEqual(files.map(({ path }) => path).sort(), paths)
    })
  }

  it('may not be links inside a directory', async () => {
    await symlink('/etc/passwd', join(directory.path, 'assets', 'link'))
    await assert.rejects(collectExtraFiles([join(directory.path, 'assets')]), {
      code: 'invalid_argument',
      message: /assets\/link' is a link or a special file/,
    })
  })
})
