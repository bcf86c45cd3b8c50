import { readdirSync } from 'node:fs'
import { getPriority, platform, setPriority } from 'node:os'

/** Who gets the processor first, of the processes of this server. */
export interface ProcessPriority {
  /** Puts a process that has only just been started behind the others, with all threads that it will start. */
  lower(pid: number): void
  /** Makes a process that was put behind equal to the others again, with all threads that it has. */
  restore(pid: number): void
}

/** How long a process is kept behind others: where they never rest, it must get on all the same. */
export const MAX_QUIET_MS = 10_000
/** On the scale of `nice` the last: a sixtieth of an equal's share where the processor is fought for. */
const LOWERED = 19
/** Of looking for threads that were started meanwhile; more would wait for a system that has come to forbid it. */
const MAX_ROUNDS = 10

/**
 * The priorities of Linux; undefined where this process may lower them only, as most containers have it: whatever was
 * put behind would stay there.
 */
export function linuxPriority(): ProcessPriority | undefined {
  return mayRaise() ? { lower, restore } : undefined
}

/** Tried on this thread, for a moment: neither the user nor a capability says it for certain. */
function mayRaise(): boolean {
  if (platform() !== 'linux') return false
  try {
    const own = getPriority()
    setPriority(own - 1)
    setPriority(own)
    return true
  } catch {
    return false
  }
}

function lower(pid: number): void {
  if (pid !== 0) setIfAlive(pid, LOWERED) // 0 has not been started, and means this process
}

/** A priority is a thread's own, and inherited by those that it starts: some may start meanwhile. */
function restore(pid: number): void {
  const own = getPriority()
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const lowered = threadsOf(pid).filter((thread) => priorityOf(thread, own) > own)
    if (lowered.length === 0) return
    for (const thread of lowered) setIfAlive(thread, own)
  }
}

function threadsOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number)
  } catch {
    return [] // it has ended
  }
}

/** @returns `orElse` when the thread has ended */
function priorityOf(thread: number, orElse: number): number {
  try {
    return getPriority(thread)
  } catch {
    return orElse
  }
}

function setIfAlive(thread: number, priority: number): void {
  try {
    setPriority(thread, priority)
  } catch {
    // It has ended.
  }
}
