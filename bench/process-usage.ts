import { readdirSync, readFileSync } from 'node:fs'

/** Linux counts processor time in these ticks for every program (`USER_HZ`). */
const TICKS_PER_SECOND = 100
const BYTES_PER_KIBIBYTE = 1024

/** Processor time of a process and all its threads since its start. See proc(5), `/proc/[pid]/stat`. */
export function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The second field is the name in parentheses and may hold spaces; utime and stime are the 14th and 15th.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND
}

export function residentBytes(pid: number): number {
  return sumOfKibibytes(`/proc/${pid}/status`, /^VmRSS:\s+(\d+) kB$/gm)
}

/** Resident memory, where pages that several processes share count a part for each: those of all add up to what they take. */
export function proportionalBytes(pid: number): number {
  return sumOfKibibytes(`/proc/${pid}/smaps_rollup`, /^Pss:\s+(\d+) kB$/gm)
}

/** Memory that no other process shares: what ending this process would give back. */
export function privateBytes(pid: number): number {
  return sumOfKibibytes(`/proc/${pid}/smaps_rollup`, /^Private_(?:Clean|Dirty):\s+(\d+) kB$/gm)
}

function sumOfKibibytes(file: string, pattern: RegExp): number {
  const matches = [...readFileSync(file, 'utf8').matchAll(pattern)]
  return matches.reduce((sum, match) => sum + Number(match[1]), 0) * BYTES_PER_KIBIBYTE
}

export function childrenOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  )
}
