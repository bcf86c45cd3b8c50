import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { VersionStatistics } from '../../frontend/core/data-plane.ts'
import { SecuredFixture } from '../support/secured-fixture.ts'
import { removeDirectory, temporaryDirectory } from '../support/server-process.ts'
import { bearer, tokenText } from '../support/tokens.ts'

const scopes = ['inference']
const TOKENS = {
  tokens: [
    { name: 'all', token: tokenText('all'), scopes },
    { name: 'other', token: tokenText('other'), scopes, models: ['other'] },
  ],
}

const NOTHING = { count: 0, ns: 0 }
const STATISTICS: VersionStatistics = {
  model: { name: 'digits', version: '1.0' },
  lastInferenceAtMs: 0,
  inferenceCount: 0,
  executionCount: 0,
  success: NOTHING,
  fail: NOTHING,
  queue: NOTHING,
  computeInput: NOTHING,
  computeInfer: NOTHING,
  computeOutput: NOTHING,
  batchStats: [],
  failures: { REJECTED: 0, CANCELED: 0, BACKEND: 0, OTHER: 0 },
  pendingRequests: 0,
  loadMs: 0,
}

describe('lists of models', () => {
  let directory: string
  let fixture: SecuredFixture

  before(async () => {
    directory = await temporaryDirectory()
    const tokenFile = join(directory, 'tokens.json')
    await writeFile(tokenFile, JSON.stringify(TOKENS))
    fixture = await SecuredFixture.open({ flags: { tokenFile } })
    fixture.dataPlane.currentStatistics = [STATISTICS]
  })
  after(async () => {
    await fixture.close()
    await removeDirectory(directory)
  })

  for (const [path, member] of [
    ['/v1/models', 'models'],
    ['/v2/models', 'models'],
    ['/v2/models/stats', 'model_stats'],
  ] as const) {
    it(`${path} leaves out what the token is not for`, async () => {
      const lengths = []
      for (const name of ['all', 'other']) {
        const headers = { authorization: bearer(tokenText(name)) }
        const response = await fetch(`${fixture.urls.inference}${path}`, { headers })
        const body = (await response.json()) as Record<typeof member, readonly unknown[]>
        lengths.push(body[member].length)
      }
      assert.deepEqual(lengths, [1, 0])
    })
  }
})
