import assert from 'node:assert/strict'
import { OnnxServeError } from '../../client/errors.ts'
import { retryAfterMs, retryDelayMs } from '../../client/retry.ts'

const BUSY = new OnnxServeError('refused', 'busy', { status: 503 })
const HALF = 0.5

describe('retryDelayMs', () => {
  const CASES = [
    { it: 'waits up to 100 ms after the first try', error: BUSY, tries: 1, expected: 50 },
    { it: 'doubles the bound with each try', error: BUSY, tries: 3, expected: 200 },
    { it: 'ends the doubling at 10 s', error: BUSY, tries: 50, expected: 5000 },
    {
      it: 'waits as long as the server asks, and a little',
      error: new OnnxServeError('refused', 'full', { status: 429, retryAfterMs: 2000 }),
      tries: 1,
      expected: 2050,
    },
    {
      it: 'tries again without an answer',
      error: new OnnxServeError('network', 'gone'),
      tries: 1,
      expected: 50,
    },
    {
      it: 'gives up on what would fail again',
      error: new OnnxServeError('refused', 'bad', { status: 400 }),
      tries: 1,
    },
    { it: 'gives up at the deadline', error: new OnnxServeError('deadline', 'late'), tries: 1 },
    { it: 'gives up when the caller does', error: new OnnxServeError('aborted', 'left'), tries: 1 },
    {
      it: 'gives up when the server asks for more time than there is',
      error: new OnnxServeError('refused', 'full', { status: 429, retryAfterMs: 60_000 }),
      tries: 1,
    },
    { it: 'gives up after the last try', error: BUSY, tries: 100 },
  ]
  for (const { it: claim, error, tries, expected } of CASES) {
    it(claim, () => {
      assert.equal(retryDelayMs(error, { tries, maxTries: 100, remainingMs: 30_000 }, HALF), expected)
    })
  }
})

describe('retryAfterMs', () => {
  const NOW_MS = Date.parse('2026-01-01T00:00:00Z')
  const CASES = [
    { it: 'reads seconds', header: '3', expected: 3000 },
    { it: 'reads a date', header: 'Thu, 01 Jan 2026 00:00:05 GMT', expected: 5000 },
    { it: 'takes a date that is over as now', header: 'Thu, 01 Jan 2026 00:00:00 GMT', expected: 0 },
    { it: 'passes over anything else', header: 'soon', expected: undefined },
    { it: 'passes over a missing header', header: null, expected: undefined },
  ]
  for (const { it: claim, header, expected } of CASES) {
    it(claim, () => {
      assert.equal(retryAfterMs(header, NOW_MS), expected)
    })
  }
})
