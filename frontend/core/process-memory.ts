import { readFileSync } from 'node:fs'

const PAGE_BYTES = 4096

/** Resident memory of a process; 0 when it is gone, or the system has no /proc. */
export function residentBytes(pid: number): number {
  try {
    const pages = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]
    return Number(pages) * PAGE_BYTES
  } catch {
    return 0 // ended between the question and the answer
  }
}
