import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { KnownCallers } from '../../../frontend/frontends/known-callers.ts'

const request = (remoteAddress: string, authorization?: string) =>
  ({ socket: { remoteAddress }, headers: { authorization } }) as IncomingMessage // all of it that is looked at

const CASES = [
  { it: 'knows a caller whom the primary has answered', status: 200, isKnown: true },
  { it: 'does not know one who asked by a name that is not served', status: 421, isKnown: false },
  { it: 'does not know one without a token that is known', status: 401, isKnown: false },
  { it: 'does not know one whose token is for something else', status: 403, isKnown: false },
  { it: 'does not know one who has guessed too often', status: 429, isKnown: false },
]

describe('KnownCallers', () => {
  for (const { it: claim, status, isKnown } of CASES) {
    it(claim, () => {
      const callers = new KnownCallers()
      callers.note(request('10.0.0.1', 'Bearer a'), status)
      assert.equal(callers.knows(request('10.0.0.1', 'Bearer a')), isKnown)
    })
  }

  it('knows a token from its address only, and nobody without one', () => {
    const callers = new KnownCallers()
    callers.note(request('10.0.0.1', 'Bearer a'), 200)
    callers.note(request('10.0.0.1'), 200)
    const strangers = [request('10.0.0.2', 'Bearer a'), request('10.0.0.1', 'Bearer b'), request('10.0.0.1')]
    assert.deepEqual(
      strangers.map((each) => callers.knows(each)),
      [false, false, false],
    )
  })
})
