import { ServingError } from '../../worker/contract/errors.ts'

/**
 * The life of a version.
 *
 * - `new`: registered, nothing started; a version that is scaled to 0 workers returns here, and ends them.
 * - `loading`: its first workers start, load and warm up; requests are refused.
 * - `ready`: at least one set of workers has been warm; a restart after a crash does not leave this state.
 * - `draining`: new requests are refused, held ones finish.
 * - `unloading`: worker processes are ending.
 * - `unloaded`: nothing of it is left. Final.
 * - `failed`: its workers could not start; the reason is kept. Those that crash later are restarted for ever.
 */
export const VERSION_STATES = [
  'new',
  'loading',
  'ready',
  'draining',
  'unloading',
  'unloaded',
  'failed',
] as const

export type VersionState = (typeof VERSION_STATES)[number]

/** Legal next states. Everything else is a bug in the caller. */
export const LEGAL_TRANSITIONS: Readonly<Record<VersionState, readonly VersionState[]>> = {
  new: ['loading', 'draining', 'failed'],
  loading: ['ready', 'draining', 'failed'],
  ready: ['new', 'draining', 'failed'],
  draining: ['unloading', 'failed'],
  unloading: ['unloaded', 'failed'],
  unloaded: [],
  failed: ['new', 'loading', 'draining'],
}

/** @throws ServingError `internal` when the transition is not in {@link LEGAL_TRANSITIONS} */
export function nextState(from: VersionState, to: VersionState): VersionState {
  if (LEGAL_TRANSITIONS[from].includes(to)) return to
  throw new ServingError('internal', `a version cannot go from '${from}' to '${to}'`)
}
