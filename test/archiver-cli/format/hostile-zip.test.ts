import assert from 'node:assert/strict'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { MANIFEST_PATH } from '../../../archiver-cli/format/manifest.ts'
import { HONEST_FILES, extractArchive, manifestOf, zipItems } from '../../support/archive-files.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { localEntry, zipBytes } from '../../support/zip-bytes.ts'
import type { ZipItem } from '../../support/zip-bytes.ts'

const HONEST = zipItems(HONEST_FILES)
const TEXT = Buffer.from('text')
const ZEROS = Buffer.alloc(5 * 1024 * 1024)
const LABELS = HONEST_FILES['labels.txt'] ?? TEXT

/** The honest archive plus one file, which the manifest lists as it is. */
function plus(name: string, content: Uint8Array = TEXT): ZipItem[] {
  return zipItems({ ...HONEST_FILES, [name]: content })
}

/** The honest archive with one entry changed; the manifest still describes the honest one. */
function changed(name: string, change: Partial<ZipItem>, items: readonly ZipItem[] = HONEST): ZipItem[] {
  return items.map((item) => (item.name === name ? { ...item, ...change } : item))
}

/** Fifield's quoted overlap: the data of one entry holds another whole entry. */
function overlapping(): ZipItem[] {
  const inner: ZipItem = { name: 'inner.txt', content: TEXT, method: 0 }
  const outer: ZipItem = { name: 'outer.txt', content: localEntry(inner), method: 0 }
  const before = zipItems(
    HONEST_FILES,
    manifestOf({ ...HONEST_FILES, 'outer.txt': outer.content, 'inner.txt': TEXT }),
  )
  const innerOffset =
    Buffer.concat(before.map(localEntry)).length + localEntry(outer).length - outer.content.length
  return [...before, outer, { ...inner, offset: innerOffset }]
}

const LISTED_TWICE = manifestOf(HONEST_FILES, (manifest) => ({
  ...manifest,
  files: [...manifest.files, ...manifest.files],
}))

type Case = readonly [it: string, archive: readonly ZipItem[] | Buffer, message: RegExp]

const BAD_NAMES: readonly Case[] = [
  ['a parent directory', plus('../evil'), /'\.\.\/evil' leaves the archive/],
  ['a parent directory inside', plus('a/../../evil'), /'a\/\.\.\/\.\.\/evil' leaves the archive/],
  ['an absolute name', plus('/etc/evil'), /'\/etc\/evil' has an absolute name/],
  ['a drive letter', plus('C:/evil'), /'C:\/evil' has a drive letter/],
  ['a backslash', plus('a\\..\\evil'), /has a backslash/],
  ['a NUL', plus('evil\0.txt'), /'evil\\u0000\.txt' has a control character/],
  ['a line break', plus('evil\n.txt'), /'evil\\u000a\.txt' has a control character/],
  ['a long segment', plus('x'.repeat(256)), /segment longer than 255/],
  ['a deep name', plus(`${'d/'.repeat(16)}x`), /deeper than 16/],
  ['two cases of one name', plus('LABELS.txt'), /'labels\.txt' and 'LABELS\.txt' have one name/],
  [
    'two forms of one name',
    zipItems({ ...HONEST_FILES, 'caf\u00e9': TEXT, 'cafe\u0301': TEXT }),
    /have one name/,
  ],
  ['a file as a directory', plus('labels.txt/x'), /'labels\.txt' is also the directory of 'labels\.txt\/x'/],
  ['a second manifest', plus('mar-inf/manifest.json'), /have one name/],
  ['bytes that are no text', [...HONEST, { name: Buffer.of(0x66, 0xff), content: TEXT }], /broken UTF-8/],
]

const BAD_ENTRIES: readonly Case[] = [
  ['a symbolic link', changed('labels.txt', { mode: 0o120777 }), /'labels\.txt' is a link or a special file/],
  ['a device', changed('labels.txt', { mode: 0o020666 }), /'labels\.txt' is a link or a special file/],
  [
    'a directory with content',
    changed('labels.txt', { mode: 0o040755 }),
    /'labels\.txt' is a link or a special/,
  ],
  [
    'a directory outside',
    [...HONEST, { name: '../evil/', content: Buffer.alloc(0), mode: 0o040755 }],
    /'\.\.\/evil' leaves/,
  ],
  ['an encrypted entry', changed('labels.txt', { flags: 1 }), /'labels\.txt' is encrypted/],
  ['strong encryption', changed('labels.txt', { flags: 0x2000 }), /'labels\.txt' is encrypted/],
  ['an unknown method', changed('labels.txt', { method: 12 }), /'labels\.txt' uses compression method 12/],
  ['an entry twice', [...HONEST, ...HONEST.slice(-1)], /'labels\.txt' and 'labels\.txt' have one name/],
  [
    'another local name',
    changed('labels.txt', { localName: 'tables.txt' }),
    /'labels\.txt' is described in two/,
  ],
  ['entries that overlap', overlapping(), /'outer\.txt' and 'inner\.txt' overlap/],
  [
    'an entry inside the directory',
    changed('labels.txt', { offset: 1_000_000 }),
    /'labels\.txt' lies outside the file/,
  ],
  [
    'data that runs into the directory',
    changed('labels.txt', { declaredCompressedBytes: 100_000 }),
    /lies outside the file/,
  ],
  [
    'a stored entry of two sizes',
    changed('labels.txt', { method: 0, declaredBytes: 4 }),
    /stored with two different sizes/,
  ],
]

const BAD_CONTENT: readonly Case[] = [
  ['a bomb', plus('bomb.bin', ZEROS), /'bomb\.bin' would grow from \d+ to 5242880 bytes: a zip bomb/],
  [
    'a bomb that lies',
    changed('bomb.bin', { declaredBytes: 100 }, plus('bomb.bin', ZEROS)),
    /'bomb\.bin' has 100 bytes, the manifest says 5242880/,
  ],
  [
    'a bomb in both lists',
    changed('labels.txt', { data: localData(ZEROS), declaredCompressedBytes: localData(ZEROS).length }),
    /'labels\.txt' is longer than the 28 bytes/,
  ],
  [
    'too many entries',
    zipItems(Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`f${i}`, TEXT]))),
    /has 1002 entries/,
  ],
  [
    'a file that is too short',
    changed('labels.txt', { data: localData(TEXT), crc: crc32(TEXT) }),
    /'labels\.txt' has 4 bytes, the manifest says 28/,
  ],
  [
    'another content',
    changed('labels.txt', { content: Buffer.alloc(LABELS.length) }),
    /'labels\.txt' differs from its digest/,
  ],
  [
    'broken compression',
    changed('labels.txt', { data: Buffer.alloc(40, 0xff) }),
    /'labels\.txt' has corrupt data/,
  ],
  ['another checksum', changed('labels.txt', { crc: 1 }), /'labels\.txt' has corrupt data: its checksum/],
  [
    'a changed manifest',
    changed(MANIFEST_PATH, { crc: 1 }),
    /MANIFEST\.json' has corrupt data: its checksum/,
  ],
  [
    'a file that is not listed',
    [...HONEST, { name: 'extra.txt', content: TEXT }],
    /'extra\.txt' is not in the manifest/,
  ],
  ['a file that is missing', HONEST.slice(0, -1), /lists 'labels\.txt', which is missing/],
  ['a file that is listed twice', zipItems(HONEST_FILES, LISTED_TWICE), /lists 'model\.onnx' twice/],
  ['no manifest', HONEST.slice(1), /has no MAR-INF\/MANIFEST\.json/],
]

const WHOLE = zipBytes(HONEST)
const BAD_FILES: readonly Case[] = [
  ['an empty file', Buffer.alloc(0), /cut short or not a zip file/],
  ['a text', Buffer.from('just a text, long enough to hold an end record'), /cut short or not a zip file/],
  ['noise', Buffer.alloc(1000, 'PK\x03\x04'), /cut short or not a zip file/],
  ['half a file', WHOLE.subarray(0, WHOLE.length / 2), /cut short or not a zip file/],
  ['all but a byte', WHOLE.subarray(0, -1), /cut short or not a zip file/],
  ['a comment at its end', zipBytes(HONEST, { comment: 'hidden' }), /cut short or not a zip file/],
  ['one of several disks', zipBytes(HONEST, { diskNumber: 1 }), /split over several files/],
  ['a directory elsewhere', zipBytes(HONEST, { directoryOffset: 10 }), /misplaced central directory/],
  ['a directory of another size', zipBytes(HONEST, { directoryBytes: 10 }), /misplaced central directory/],
  ['more entries than it has', zipBytes(HONEST, { count: 9 }), /unreadable central directory/],
  ['fewer entries than it has', zipBytes(HONEST, { count: 1 }), /unreadable central directory/],
  ['zip64 marks without records', zipBytes(HONEST, { count: 0xffff }), /broken zip64 records/],
  ['bytes before its entries', Buffer.concat([Buffer.alloc(10), WHOLE]), /misplaced central directory/],
]

function localData(content: Uint8Array): Uint8Array {
  return localEntry({ name: '', content }).subarray(30)
}

describe('a hostile zip file', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>
  beforeEach(async () => (directory = await temporaryDirectory()))
  afterEach(() => directory.remove())

  async function refuses(archive: readonly ZipItem[] | Buffer, message: RegExp): Promise<void> {
    const path = join(directory.path, 'toy.mar')
    await writeFile(path, Buffer.isBuffer(archive) ? archive : zipBytes(archive))
    await assert.rejects(extractArchive(path, join(directory.path, 'out')), {
      name: 'ServingError',
      code: 'invalid_argument',
      reason: 'archive',
      message: new RegExp(`^archive 'toy\\.mar': .*${message.source}`),
    })
    assert.deepEqual(await readdir(directory.path), ['toy.mar'])
  }

  const GROUPS = { 'named with': BAD_NAMES, with: BAD_ENTRIES, holding: BAD_CONTENT, 'that is': BAD_FILES }
  for (const [group, cases] of Object.entries(GROUPS)) {
    for (const [it_, archive, message] of cases) {
      it(`is refused, leaving nothing: ${group} ${it_}`, () => refuses(archive, message))
    }
  }

  it('is the only one that is refused: the honest one extracts', async () => {
    const path = join(directory.path, 'toy.mar')
    await writeFile(path, WHOLE)
    await extractArchive(path, join(directory.path, 'out'))
    assert.deepEqual((await readdir(join(directory.path, 'out'))).sort(), [
      'MAR-INF',
      'labels.txt',
      'model.onnx',
    ])
  })
})
