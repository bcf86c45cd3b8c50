import { readFile } from 'node:fs/promises'
import { freemem, totalmem } from 'node:os'
import { join } from 'node:path'

const BYTES_PER_MEGABYTE = 1024 ** 2

export type MemoryReading = {
  readonly usedMegabytes: number
  readonly availableMegabytes: number
  readonly utilizationPercent: number
}

/** A container's limit and what counts against it, page cache that could be given back left out. */
type Limit = { readonly limitBytes: number; readonly usedBytes: number }

/** Memory of the machine, or of the container where its limit is lower. */
export async function readMemory(cgroupDirectory = '/sys/fs/cgroup'): Promise<MemoryReading> {
  const totalBytes = totalmem()
  const limit = (await cgroupV2(cgroupDirectory)) ?? (await cgroupV1(cgroupDirectory))
  if (limit === undefined || limit.limitBytes >= totalBytes) return readingOf(totalBytes, freemem())
  // A limit may be higher than what the machine has left.
  const availableBytes = Math.min(Math.max(0, limit.limitBytes - limit.usedBytes), freemem())
  return readingOf(limit.limitBytes, availableBytes)
}

function readingOf(totalBytes: number, availableBytes: number): MemoryReading {
  const usedBytes = totalBytes - availableBytes
  return {
    usedMegabytes: usedBytes / BYTES_PER_MEGABYTE,
    availableMegabytes: availableBytes / BYTES_PER_MEGABYTE,
    utilizationPercent: (100 * usedBytes) / totalBytes,
  }
}

async function cgroupV2(directory: string): Promise<Limit | undefined> {
  const limitBytes = await readNumber(join(directory, 'memory.max'))
  const bytes = await readNumber(join(directory, 'memory.current'))
  if (limitBytes === undefined || bytes === undefined) return undefined
  const cache = await readStatistic(join(directory, 'memory.stat'), 'inactive_file')
  return { limitBytes, usedBytes: bytes - cache }
}

async function cgroupV1(directory: string): Promise<Limit | undefined> {
  const own = join(directory, 'memory')
  const limitBytes = await readNumber(join(own, 'memory.limit_in_bytes'))
  const bytes = await readNumber(join(own, 'memory.usage_in_bytes'))
  if (limitBytes === undefined || bytes === undefined) return undefined
  const cache = await readStatistic(join(own, 'memory.stat'), 'total_inactive_file')
  return { limitBytes, usedBytes: bytes - cache }
}

/** Undefined where there is no such file, or it says `max`. */
async function readNumber(path: string): Promise<number | undefined> {
  const text = (await readText(path)).trim()
  return /^\d+$/.test(text) ? Number(text) : undefined
}

async function readStatistic(path: string, name: string): Promise<number> {
  const match = new RegExp(`^${name} (\\d+)$`, 'm').exec(await readText(path))
  return Number(match?.[1] ?? 0)
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch {
    return '' // no such controller: no limit
  }
}
