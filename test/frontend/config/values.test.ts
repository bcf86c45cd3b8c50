import assert from 'node:assert/strict'
import { countOrAll, pattern } from '../../../frontend/config/values.ts'

describe('pattern', () => {
  for (const text of ['^x-user-', 'a|b', '.']) {
    it(`takes ${text}`, () => {
      assert.equal(pattern.parse(text), text)
    })
  }
  for (const text of ['', '(', '[a', '*']) {
    it(`refuses '${text}', which is no regular expression`, () => {
      assert.equal(pattern.parse(text), undefined)
    })
  }
})

describe('countOrAll', () => {
  const kind = countOrAll(64, 'GPUs')
  const CASES = [
    { text: 'all', value: 'all' },
    { text: '0', value: 0 },
    { text: '64', value: 64 },
    { text: '65', value: undefined },
    { text: 'ALL', value: undefined },
    { text: '', value: undefined },
  ]
  for (const { text, value } of CASES) {
    it(`makes ${value} of '${text}'`, () => {
      assert.equal(kind.parse(text), value)
    })
  }

  it('says what it takes', () => {
    assert.equal(kind.expected, 'all, or an integer from 0 to 64 GPUs')
  })
})
