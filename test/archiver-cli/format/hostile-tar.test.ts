import assert from 'node:assert/strict'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { HONEST_FILES, extractArchive, zipItems } from '../../support/archive-files.ts'
import { tarBytes } from '../../support/tar-bytes.ts'
import type { TarItem } from '../../support/tar-bytes.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

const TEXT = Buffer.from('text')
const ZEROS = Buffer.alloc(5 * 1024 * 1024)

/** Files and their manifest below one root directory. */
function tarItems(files = HONEST_FILES): TarItem[] {
  return zipItems(files).map(({ name, content }) => ({ name: `toy/${String(name)}`, content }))
}

const HONEST = tarItems()

function plus(name: string, content: Uint8Array = TEXT): TarItem[] {
  return tarItems({ ...HONEST_FILES, [name]: content })
}

const BAD_ENTRIES: readonly (readonly [it: string, items: readonly TarItem[], message: RegExp])[] = [
  ['a parent directory', plus('../evil'), /'toy\/\.\.\/evil' leaves the archive/],
  [
    'a parent directory alone',
    [...HONEST, { name: '../evil', content: TEXT }],
    /'\.\.\/evil' leaves the archive/,
  ],
  [
    'an absolute name',
    [...HONEST, { name: '/etc/evil', content: TEXT }],
    /'\/etc\/evil' has an absolute name/,
  ],
  ['a backslash', plus('a\\evil'), /has a backslash/],
  [
    'a directory outside',
    [...HONEST, { name: '../evil/', type: 'directory' }],
    /'\.\.\/evil' leaves the archive/,
  ],
  [
    'two roots',
    [...HONEST, { name: 'other/evil', content: TEXT }],
    /'other\/evil' lies outside the one root/,
  ],
  ['no root', [...HONEST, { name: 'evil', content: TEXT }], /'evil' lies outside the one root directory/],
  [
    'a symbolic link',
    [...HONEST, { name: 'toy/l', type: 'symlink', linkname: '/etc/passwd' }],
    /'toy\/l' is a link/,
  ],
  [
    'a hard link',
    [...HONEST, { name: 'toy/l', type: 'link', linkname: '/etc/passwd' }],
    /'toy\/l' is a link/,
  ],
  [
    'a device',
    [...HONEST, { name: 'toy/d', type: 'character-device' }],
    /'toy\/d' is a link or a special file/,
  ],
  ['a named pipe', [...HONEST, { name: 'toy/p', type: 'fifo' }], /'toy\/p' is a link or a special file/],
  ['a file twice', [...HONEST, ...HONEST.slice(-1)], /'labels\.txt' and 'labels\.txt' have one name/],
  ['two cases of one name', plus('LABELS.txt'), /have one name/],
  ['a bomb', plus('bomb.bin', ZEROS), /would grow from \d+ to more than \d+ bytes: a bomb/],
  [
    'too many entries',
    tarItems(Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`f${i}`, TEXT]))),
    /has 1001 entries/,
  ],
  [
    'a file that is not listed',
    [...HONEST, { name: 'toy/extra', content: TEXT }],
    /'extra' is not in the manifest/,
  ],
  ['a file that is missing', HONEST.slice(0, -1), /lists 'labels\.txt', which is missing/],
  [
    'another content',
    [...HONEST.slice(0, -1), { name: 'toy/labels.txt', content: Buffer.alloc(28) }],
    /'labels\.txt' differs from its digest/,
  ],
  [
    'another size',
    [...HONEST.slice(0, -1), { name: 'toy/labels.txt', content: TEXT }],
    /'labels\.txt' has 4 bytes, the manifest says 28/,
  ],
  ['no manifest', HONEST.slice(1), /has no MAR-INF\/MANIFEST\.json/],
  ['nothing', [], /has no MAR-INF\/MANIFEST\.json/],
]

describe('a hostile .tar.gz file', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>
  beforeEach(async () => (directory = await temporaryDirectory()))
  afterEach(() => directory.remove())

  async function refuses(bytes: Uint8Array, message: RegExp): Promise<void> {
    const path = join(directory.path, 'toy.tar.gz')
    await writeFile(path, bytes)
    await assert.rejects(extractArchive(path, join(directory.path, 'out')), {
      name: 'ServingError',
      code: 'invalid_argument',
      reason: 'archive',
      message: new RegExp(`^archive 'toy\\.tar\\.gz': .*${message.source}`),
    })
    assert.deepEqual(await readdir(directory.path), ['toy.tar.gz'])
  }

  for (const [what, items, message] of BAD_ENTRIES) {
    it(`is refused, leaving nothing: ${what}`, async () => refuses(await tarBytes(items), message))
  }

  it('is refused when it is cut anywhere', async () => {
    const whole = await tarBytes(HONEST)
    for (const bytes of [3, 20, 100, Math.floor(whole.length / 2), whole.length - 1]) {
      await refuses(whole.subarray(0, bytes), /is not a readable \.tar\.gz file|has no MAR-INF/)
    }
  })

  it('is refused when what was compressed is no tar file', () =>
    refuses(gzipSync(Buffer.alloc(2000, 'text')), /is not a readable \.tar\.gz file/))

  it('is refused when a byte of its data is changed', async () => {
    const whole = await tarBytes(HONEST)
    whole[whole.length >> 1] = (whole[whole.length >> 1] ?? 0) ^ 0xff
    await refuses(whole, /is not a readable \.tar\.gz file|corrupt|differs|MANIFEST/)
  })

  it('is the only one that is refused: an honest one with a directory entry extracts', async () => {
    const path = join(directory.path, 'toy.tar.gz')
    await writeFile(path, await tarBytes([{ name: 'toy/', type: 'directory' }, ...HONEST]))
    await extractArchive(path, join(directory.path, 'out'))
    assert.deepEqual((await readdir(join(directory.path, 'out'))).sort(), [
      'MAR-INF',
      'labels.txt',
      'model.onnx',
    ])
  })
})
