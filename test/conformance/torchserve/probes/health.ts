import { DIGITS } from '../../../support/fake-planes.ts'
import { overHttp } from './probe.ts'

const FAILING = {
  live: true,
  ready: false,
  reason: 'digits/1.0: no worker is ready',
  versions: [{ model: DIGITS, ready: false, reason: 'no worker is ready' }],
  overdue: [],
  shuttingDown: false,
} as const

/** The server's health, and the status of `/ping` then. */
const STATES = [FAILING, { ...FAILING, overdue: [DIGITS] }, { ...FAILING, shuttingDown: true }]

export const healthProbes = {
  /** While workers fail inside the retry window, beyond it, and in a shutdown. */
  pingRetryWindow: {
    observe: overHttp(async (fixture) => {
      const statuses = []
      for (const state of STATES) {
        fixture.dataPlane.currentHealth = state
        statuses.push((await fixture.infer('/ping', { method: 'GET' })).status)
      }
      return statuses
    }),
    strict: [500, 500, 500],
    torchserve: [200, 500, 500],
  },
}
