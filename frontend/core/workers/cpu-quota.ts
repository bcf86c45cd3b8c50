import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'

/**
 * CPUs this process may use: affinity mask and cgroup quota (v2, then v1), at least 1.
 *
 * ONNX Runtime looks at neither, and oversubscribes a container that is limited by quota.
 */
export function usableCpus(): number {
  const quota = cgroupV2Cpus() ?? cgroupV1Cpus() ?? Number.POSITIVE_INFINITY
  return Math.max(1, Math.floor(Math.min(availableParallelism(), quota)))
}

function cgroupV2Cpus(): number | undefined {
  return cpusFromQuota(readWords('/sys/fs/cgroup/cpu.max'))
}

function cgroupV1Cpus(): number | undefined {
  return cpusFromQuota([
    ...readWords('/sys/fs/cgroup/cpu/cpu.cfs_quota_us'),
    ...readWords('/sys/fs/cgroup/cpu/cpu.cfs_period_us'),
  ])
}

/** `["150000","100000"]` is 1.5 CPUs; `max` or -1 is no limit. */
export function cpusFromQuota(words: readonly string[]): number | undefined {
  const [quota, period] = words.map(Number)
  if (quota === undefined || period === undefined) return undefined
  return quota > 0 && period > 0 ? quota / period : undefined
}

function readWords(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').trim().split(/\s+/)
  } catch {
    return [] // no such cgroup controller: no limit
  }
}
