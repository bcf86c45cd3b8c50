import { setTimeout as delay } from 'node:timers/promises'
import { ServingError } from '../worker/contract/errors.ts'
import { lockOwner } from './core/state-lock.ts'
import { readRunRecord, type RunRecord } from './run-file.ts'

/** Sends a signal; throws what the operating system says. */
export type Kill = (pid: number, signal: NodeJS.Signals) => void

const POLL_MS = 50
/** What workers get to end in, on top of the drain. */
const MARGIN_MS = 15_000
const DEFAULT_DRAIN_MS = 25_000

/** The server that runs on a state directory, as far as it has said; undefined when none does. */
export async function runningServer(
  stateDir: string,
): Promise<(Partial<RunRecord> & { pid: number }) | undefined> {
  const owner = await lockOwner(stateDir)
  if (owner === undefined) return undefined
  const record = await readRunRecord(stateDir)
  return record?.pid === owner.pid ? record : owner
}

/**
 * Asks the server of a state directory to end, and waits until it has: accepted requests finish first.
 *
 * Only the process that holds the lock is signalled: a process that merely has its number started at another time.
 *
 * @returns the process id of the server that has ended
 * @throws ServingError `failed_precondition` when none runs there, or it does not end.
 */
export async function stopServer(stateDir: string, kill: Kill): Promise<number> {
  const server = await runningServer(stateDir)
  if (server === undefined) throw noServer(stateDir)
  signal(server.pid, kill)
  const limitMs = (server.drainTimeoutMs ?? DEFAULT_DRAIN_MS) + MARGIN_MS
  const endsAtMs = performance.now() + limitMs
  while (performance.now() < endsAtMs) {
    if ((await lockOwner(stateDir))?.pid !== server.pid) return server.pid
    await delay(POLL_MS)
  }
  throw failure(
    `the server with process id ${server.pid} still runs after ${limitMs / 1000} s; end it with: kill -9 ${server.pid}`,
  )
}

function signal(pid: number, kill: Kill): void {
  try {
    kill(pid, 'SIGTERM')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ESRCH') return // it has just ended by itself
    throw failure(
      `the server with process id ${pid} cannot be signalled (${String(code)}); stop it as the user who started it`,
    )
  }
}

export function noServer(stateDir: string): ServingError {
  return failure(
    `no server runs on the state directory ${stateDir}; give the --model-store or --state-dir that it was started with`,
  )
}

function failure(message: string): ServingError {
  return new ServingError('failed_precondition', message, { reason: 'no_server' })
}
