import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { link, mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { MANIFEST_PATH } from '../../../archiver-cli/format/manifest.ts'
import { HONEST_FILES, extractArchive, manifestOf } from '../../support/archive-files.ts'
import { temporaryDirectory, treeOf } from '../../support/temporary-directory.ts'

type Attack = readonly [it: string, spoil: (root: string, outside: string) => Promise<void>, message: RegExp]

const replaceLabels = async (root: string, make: (path: string) => Promise<void>): Promise<void> => {
  await rm(join(root, 'labels.txt'))
  await make(join(root, 'labels.txt'))
}

const ATTACKS: readonly Attack[] = [
  [
    'a symbolic link',
    (root, outside) => replaceLabels(root, (path) => symlink(outside, path)),
    /'labels\.txt' is a link/,
  ],
  [
    'a hard link',
    (root, outside) => replaceLabels(root, (path) => link(outside, path)),
    /'labels\.txt' is a hard link/,
  ],
  [
    'a linked directory',
    (root, outside) => symlink(dirname(outside), join(root, 'more')),
    /'more' is a link/,
  ],
  [
    'a named pipe',
    (root) => replaceLabels(root, async (path) => void execFileSync('mkfifo', [path])),
    /'labels\.txt' is a link or a special file/,
  ],
  [
    'a file that is not listed',
    (root) => writeFile(join(root, 'extra'), 'x'),
    /'extra' is not in the manifest/,
  ],
  ['a file that is missing', (root) => rm(join(root, 'labels.txt')), /lists 'labels\.txt', which is missing/],
  [
    'another size',
    (root) => writeFile(join(root, 'labels.txt'), 'x'),
    /'labels\.txt' has 1 bytes, the manifest says 28/,
  ],
  [
    'another content',
    (root) => writeFile(join(root, 'labels.txt'), 'x'.repeat(28)),
    /'labels\.txt' differs from its digest/,
  ],
  ['no manifest', (root) => rm(join(root, MANIFEST_PATH)), /has no MAR-INF\/MANIFEST\.json/],
  ['a backslash in a name', (root) => writeFile(join(root, 'a\\b'), 'x'), /'a\\b' has a backslash/],
]

describe('a hostile archive directory', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>
  let root: string
  let outside: string
  beforeEach(async () => {
    directory = await temporaryDirectory()
    root = join(directory.path, 'toy')
    outside = join(directory.path, 'secret')
    await writeFile(outside, 'x'.repeat(28))
    for (const [path, content] of Object.entries({
      ...HONEST_FILES,
      [MANIFEST_PATH]: manifestOf(HONEST_FILES),
    })) {
      await mkdir(dirname(join(root, path)), { recursive: true })
      await writeFile(join(root, path), content)
    }
  })
  afterEach(() => directory.remove())

  for (const [what, spoil, message] of ATTACKS) {
    it(`is refused, leaving nothing: ${what}`, async () => {
      await spoil(root, outside)
      const before = await treeOf(directory.path)
      await assert.rejects(extractArchive(root, join(directory.path, 'out')), {
        name: 'ServingError',
        code: 'invalid_argument',
        reason: 'archive',
        message,
      })
      assert.deepEqual(await treeOf(directory.path), before)
    })
  }

  it('is the only one that is refused: the honest one extracts as it is', async () => {
    await extractArchive(root, join(directory.path, 'out'))
    assert.deepEqual(await treeOf(join(directory.path, 'out')), await treeOf(root))
  })
})
