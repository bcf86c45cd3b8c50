import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

const BYTES_PER_MEGABYTE = 1024 ** 2

/** What a driver tells of a GPU; what it does not tell is absent. */
export type GpuReading = {
  readonly deviceId: string
  readonly uuid?: string
  readonly utilizationPercent?: number
  readonly memoryUsedMegabytes?: number
  readonly memoryTotalMegabytes?: number
  readonly temperatureCelsius?: number
  readonly powerWatts?: number
  readonly powerLimitWatts?: number
}

/** GPUs whose drivers tell of their load in sysfs, as amdgpu does. NVIDIA's tells its own programs only. */
export async function readGpus(drmDirectory = '/sys/class/drm'): Promise<GpuReading[]> {
  const entries = await readdir(drmDirectory).catch(() => [])
  const cards = entries.filter((name) => /^card\d+$/.test(name)).sort(byNumber)
  const readings = await Promise.all(cards.map((name) => readCard(join(drmDirectory, name, 'device'))))
  return readings
    .filter((reading) => reading !== undefined)
    .map((reading, i) => ({ deviceId: String(i), ...reading }))
}

function byNumber(a: string, b: string): number {
  return Number(a.slice('card'.length)) - Number(b.slice('card'.length))
}

async function readCard(directory: string): Promise<Omit<GpuReading, 'deviceId'> | undefined> {
  try {
    const numberIn = async (file: string) => Number(await readFile(join(directory, file), 'utf8'))
    const usedBytes = await numberIn('mem_info_vram_used')
    const totalBytes = await numberIn('mem_info_vram_total')
    return {
      utilizationPercent: await numberIn('gpu_busy_percent'),
      memoryUsedMegabytes: usedBytes / BYTES_PER_MEGABYTE,
      memoryTotalMegabytes: totalBytes / BYTES_PER_MEGABYTE,
    }
  } catch {
    return undefined // another driver, or none
  }
}
