import { readFileSync } from 'node:fs'

/** Reads a file of the system; undefined when it is not there. */
export type ReadSystemFile = (path: string) => string | undefined

const V2 = '/sys/fs/cgroup'
const V1 = '/sys/fs/cgroup/memory'
const BYTES_PER_KB = 1024

/**
 * Memory that processes may still take: what the machine has available, and no more than is left of the cgroup's
 * limit (v2, then v1). Cached files count as free, since the kernel gives them up.
 *
 * Where the system tells neither, there is no bound: what Node calls free is next to nothing on macOS, which keeps
 * files in memory that nobody uses, and refusing wrongly is worse than not refusing.
 */
export function freeMemoryBytes(read: ReadSystemFile = readSystemFile): number {
  return Math.min(
    machineBytes(read) ?? Number.POSITIVE_INFINITY,
    cgroupBytes(read, [`${V2}/memory.max`, `${V2}/memory.current`, `${V2}/memory.stat`], 'inactive_file') ??
      cgroupBytes(
        read,
        [`${V1}/memory.limit_in_bytes`, `${V1}/memory.usage_in_bytes`, `${V1}/memory.stat`],
        'total_inactive_file',
      ) ??
      Number.POSITIVE_INFINITY,
  )
}

function machineBytes(read: ReadSystemFile): number | undefined {
  const kilobytes = /^MemAvailable:\s+(\d+) kB$/m.exec(read('/proc/meminfo') ?? '')?.[1]
  return kilobytes === undefined ? undefined : Number(kilobytes) * BYTES_PER_KB
}

/** Undefined without a limit: `max` in v2, a number beyond any memory in v1, which changes nothing. */
function cgroupBytes(
  read: ReadSystemFile,
  [limitPath, usagePath, statPath]: readonly [string, string, string],
  cachedKey: string,
): number | undefined {
  const limit = Number(read(limitPath))
  const usage = Number(read(usagePath))
  if (!Number.isFinite(limit) || !Number.isFinite(usage)) return undefined
  const cached = new RegExp(`^${cachedKey} (\\d+)$`, 'm').exec(read(statPath) ?? '')?.[1] ?? '0'
  return limit - usage + Number(cached)
}

function readSystemFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined // no such cgroup controller, or no Linux
  }
}
