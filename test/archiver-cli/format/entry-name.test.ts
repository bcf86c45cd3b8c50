import assert from 'node:assert/strict'
import { checkDistinctNames, entryNameProblem } from '../../../archiver-cli/format/entry-name.ts'

const GOOD = [
  'model.onnx',
  'MAR-INF/MANIFEST.json',
  'a/b/c.txt',
  '..a',
  'a..',
  'a b',
  'größe.txt',
  '.hidden',
  '名前',
  'CON',
]

const BAD: readonly [name: string, problem: RegExp][] = [
  ['', /empty name/],
  ['/etc/passwd', /absolute/],
  ['//x', /absolute/],
  ['..', /leaves the archive/],
  ['../x', /leaves the archive/],
  ['a/../../x', /leaves the archive/],
  ['a/..', /leaves the archive/],
  ['a\\..\\..\\x', /backslash/],
  ['\\\\host\\share', /backslash/],
  ['C:/x', /colon/],
  ['c:x', /colon/],
  ['x:stream', /colon/],
  ['a\0b', /control character/],
  ['a\nb', /control character/],
  ['a\u0085b', /control character/],
  ['a\u007f', /control character/],
  ['a\ufffdb', /broken UTF-8/],
  ['a//b', /empty or "\." segment/],
  ['a/', /empty or "\." segment/],
  ['./a', /empty or "\." segment/],
  ['a/./b', /empty or "\." segment/],
  ['x'.repeat(256), /segment longer than 255/],
  ['ß'.repeat(128), /segment longer than 255/],
  [Array.from({ length: 17 }, () => 'd').join('/'), /deeper than 16/],
  [Array.from({ length: 16 }, () => 'd'.repeat(100)).join('/'), /longer than 1024/],
]

describe('entryNameProblem', () => {
  for (const name of GOOD) {
    it(`allows ${JSON.stringify(name)}`, () => assert.equal(entryNameProblem(name), undefined))
  }
  for (const [name, problem] of BAD) {
    it(`refuses ${JSON.stringify(name.slice(0, 20))}: ${problem.source}`, () =>
      assert.match(entryNameProblem(name) ?? 'nothing', problem))
  }
})

describe('checkDistinctNames', () => {
  const CLASHES: readonly (readonly string[])[] = [
    ['a', 'a'],
    ['model.onnx', 'Model.ONNX'],
    ['caf\u00e9', 'cafe\u0301'],
    ['stra\u00dfe', 'STRASSE'],
    ['\u212a', 'k'],
    ['dir', 'dir/file'],
    ['DIR', 'dir/file'],
    ['a/b/c', 'A/b'],
  ]
  for (const names of CLASHES) {
    it(`refuses ${names.join(' with ')}`, () =>
      assert.throws(() => checkDistinctNames(names), { code: 'invalid_argument', reason: 'archive' }))
  }

  it('allows names that only begin alike', () => checkDistinctNames(['dir/a', 'dir/b', 'dira', 'dir.txt']))
})
