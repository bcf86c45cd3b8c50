import assert from 'node:assert/strict'
import { decodedByteLimit } from '../../../frontend/http/decoded-limit.ts'

const MIB = 1024 * 1024

describe('decodedByteLimit', () => {
  const CASES = [
    {
      it: 'is the limit of the body for one that is hardly packed',
      packed: 9 * MIB,
      max: 16 * MIB,
      bytes: 16 * MIB,
    },
    { it: 'lets a tiny body unpack to a mebibyte', packed: 0, max: 16 * MIB, bytes: MIB },
    { it: 'lets more out as more has come in', packed: 1000, max: 16 * MIB, bytes: MIB + 1_100_000 },
    { it: 'never is more than the limit of the body', packed: 0, max: 1000, bytes: 1000 },
  ]
  for (const { it: claim, packed, max, bytes } of CASES) {
    it(claim, () => assert.equal(decodedByteLimit(packed, max).bytes, bytes))
  }

  it('says which of the two limits was passed', () => {
    assert.match(decodedByteLimit(0, 16 * MIB).exceeded('br').message, /more than 1100 times its size/)
    assert.match(decodedByteLimit(0, 1000).exceeded('br').message, /more than the 1000 bytes/)
  })
})
