import assert from 'node:assert/strict'
import { parseProperties } from '../../../frontend/config/properties.ts'

const CASES = [
  { it: 'splits at the equals sign', text: 'a=b', entries: [['a', 'b', 1]] },
  { it: 'splits at a colon', text: 'a: b', entries: [['a', 'b', 1]] },
  { it: 'splits at blanks', text: 'a b c', entries: [['a', 'b c', 1]] },
  {
    it: 'keeps separators inside the value',
    text: 'u=http://h:1/?a=b',
    entries: [['u', 'http://h:1/?a=b', 1]],
  },
  { it: 'drops blanks around name and value', text: '  a  =  b \t', entries: [['a', 'b', 1]] },
  { it: 'reads a name without a value as empty', text: 'a', entries: [['a', '', 1]] },
  { it: 'skips comments and empty lines', text: '# x=1\n\n  ! y=2\r\nz=3', entries: [['z', '3', 4]] },
  { it: 'keeps a hash inside a value', text: 'a=b#c', entries: [['a', 'b#c', 1]] },
  {
    it: 'joins continued lines without their indentation',
    text: 'a=b,\\\n   c\nd=e',
    entries: [
      ['a', 'b,c', 1],
      ['d', 'e', 3],
    ],
  },
  { it: 'continues into a line that looks like a comment', text: 'a=b\\\n#c', entries: [['a', 'b#c', 1]] },
  {
    it: 'does not continue after an escaped backslash',
    text: 'a=b\\\\\nc=d',
    entries: [
      ['a', 'b\\', 1],
      ['c', 'd', 2],
    ],
  },
  { it: 'ends a continuation at the end of the file', text: 'a=b\\', entries: [['a', 'b', 1]] },
  { it: 'reads escapes', text: 'a\\=b=\\u0041\\t\\q', entries: [['a=b', 'A\tq', 1]] },
  {
    it: 'keeps every occurrence of a name',
    text: 'a=1\na=2',
    entries: [
      ['a', '1', 1],
      ['a', '2', 2],
    ],
  },
]

describe('parseProperties', () => {
  for (const c of CASES) {
    it(c.it, () => {
      const entries = parseProperties(c.text).map(({ name, value, line }) => [name, value, line])
      assert.deepEqual(entries, c.entries)
    })
  }
})
