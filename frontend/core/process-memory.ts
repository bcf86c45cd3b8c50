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
