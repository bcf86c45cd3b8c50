import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freePorts } from '../../test/support/free-ports.ts'
import type { Contender } from '../contenders/contender.ts'
import { endWithUs } from '../contenders/end-with-us.ts'
import { childrenOf } from '../process-usage.ts'
import type { Peer } from './peers.ts'

const SERVERS = fileURLToPath(new URL('./servers/', import.meta.url))
const STARTUP_TIMEOUT_MS = 90_000
const POLL_MS = 200
const SHUTDOWN_TIMEOUT_MS = 5000
/** Of what it said, for the message when it does not start. */
const KEPT_CHARACTERS = 2000

export type PeerOptions = {
  readonly python: string
  readonly modelPath: string
  /** A request that it must answer before it counts as started. */
  readonly body: string
}

/** @throws when it ends, or does not answer in time */
export async function startPeer(peer: Peer, { python, modelPath, body }: PeerOptions): Promise<Contender> {
  const [port = 0] = await freePorts(1)
  const program = [`${peer.name}_server.py`, modelPath, String(port), ...(peer.arguments ?? [])]
  const child = spawn(python, program, {
    cwd: SERVERS,
    // Some start workers that look for the same modules.
    env: { ...process.env, PYTHONPATH: SERVERS, PYTHONDONTWRITEBYTECODE: '1' },
    stdio: ['ignore', 'ignore', 'pipe'],
    // A process group of its own: some leave workers behind that only a signal to all of them ends.
    detached: true,
  })
  endWithUs(child)
  let said = ''
  child.stderr?.on('data', (text: Buffer) => (said = (said + text.toString()).slice(-KEPT_CHARACTERS)))
  try {
    await untilAnswer(child, { url: `http://127.0.0.1:${port}${peer.path}`, body })
  } catch (error) {
    await end(child)
    throw new Error(`it did not start; last it said: ${said.trim().split('\n').at(-1) ?? ''}`, {
      cause: error,
    })
  }
  const pid = child.pid ?? 0
  return {
    port,
    path: peer.path,
    frontendPid: pid,
    workerPids: () => descendantsOf(pid),
    close: () => end(child),
  }
}

async function untilAnswer(child: ChildProcess, { url, body }: { url: string; body: string }): Promise<void> {
  const deadlineMs = performance.now() + STARTUP_TIMEOUT_MS
  while (performance.now() < deadlineMs) {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`)
    if (await isAnswered(url, body)) return
    await delay(POLL_MS)
  }
  throw new Error(`${url} did not answer 200 within ${STARTUP_TIMEOUT_MS} ms`)
}

async function isAnswered(url: string, body: string): Promise<boolean> {
  try {
    const headers = { 'content-type': 'application/json' }
    return (await fetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(POLL_MS * 25) })).ok
  } catch {
    // Refused or too slow: it is not there yet.
    return false
  }
}

async function end(child: ChildProcess): Promise<void> {
  const pid = child.pid ?? 0
  const exited = child.exitCode === null ? once(child, 'exit') : Promise.resolve()
  const descendants = child.exitCode === null ? descendantsOf(pid) : []
  child.kill('SIGTERM')
  await Promise.race([exited, delay(SHUTDOWN_TIMEOUT_MS)])
  for (const each of [-pid, ...descendants]) killIfThere(each)
  await exited
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}

function descendantsOf(pid: number): number[] {
  return childrenIfThere(pid).flatMap((child) => [child, ...descendantsOf(child)])
}

/** A process may end between being listed and being asked. */
function childrenIfThere(pid: number): number[] {
  try {
    return childrenOf(pid)
  } catch {
    return []
  }
}
