import { readFileSync } from 'node:fs'

/** Resident memory of a process; 0 when it is gone, or the system has no /proc. */
export function residentBytes(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024
  } catch {
    return 0 // ended between the question and the answer
  }
}

/** Memory that a process shares with no other; 0 when it is gone, or the system has no /proc. */
export function privateBytes(pid: number): number {
  try {
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
    const kilobytes = [...rollup.matchAll(/^Private_(?:Clean|Dirty):\s+(\d+) kB$/gm)].map(([, size]) =>
      Number(size),
    )
    return kilobytes.reduce((sum, each) => sum + each, 0) * 1024
  } catch {
    return 0 // ended between the question and the answer
  }
}
