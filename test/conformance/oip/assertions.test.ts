import assert from 'node:assert/strict'
import { runAssertion } from './assertion.ts'
import { ASSERTIONS } from './assertions.ts'
import { OipServer } from './oip-server.ts'

describe('Open Inference Protocol over HTTP, assertion', function () {
  this.timeout(60_000)
  let server: OipServer
  before(async () => {
    server = await OipServer.start(['--model-control-mode', 'explicit'])
  })
  after(() => server.stop())

  for (const assertion of ASSERTIONS) runAssertion(assertion, () => server)

  it('100 is the last of them, and none is missing', () => {
    const numbers = new Set(ASSERTIONS.map(({ number }) => number))
    assert.deepEqual(
      [...numbers].sort((a, b) => a - b),
      Array.from({ length: 100 }, (_, index) => index + 1),
    )
  })
})
