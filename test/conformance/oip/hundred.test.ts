import assert from 'node:assert/strict'
import { GRPC_ASSERTIONS } from './grpc-assertions.ts'
import { LIFE_ASSERTIONS } from './life-assertions.ts'
import { RIGHTS_NUMBER } from './rights.ts'
import { WIRED_ASSERTIONS } from './wired-assertions.ts'

/** The form of JSON, of a body, of its encoding, of a path; `generate` has no RPC. */
const NOT_OF_GRPC = [
  ...[12, 13, 14, 15, 16, 25, 28, 42, 43, 45, 47, 53, 55, 56, 57, 58, 59, 60, 61, 62, 64, 65, 66, 68, 69],
  ...[92, 93, 94, 99],
]

describe('of the hundred assertions', () => {
  it('each has a case over gRPC, but for those that are about HTTP', () => {
    const rows = [...GRPC_ASSERTIONS, ...WIRED_ASSERTIONS, ...LIFE_ASSERTIONS]
    const shown = new Set([RIGHTS_NUMBER, ...rows.map(({ number }) => number)])
    const missing = Array.from({ length: 100 }, (_, index) => index + 1).filter((each) => !shown.has(each))
    assert.deepEqual(missing, NOT_OF_GRPC)
  })
})
