import assert from 'node:assert/strict'
import { pattern } from '../../../frontend/config/values.ts'

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
