import { statfs } from 'node:fs/promises'
import { cpus } from 'node:os'
import { readGpus, type GpuReading } from './gpu.ts'
import { NvidiaSmi } from './nvidia-smi.ts'
import { readMemory, type MemoryReading } from './memory.ts'

const BYTES_PER_GIGABYTE = 1024 ** 3

/** The machine at one moment, in TorchServe's units: a megabyte is 1024² bytes, a gigabyte 1024³. */
export type SystemReading = {
  readonly cpu: { readonly utilizationPercent: number }
  readonly memory: MemoryReading
  /** Of the file system that holds the model store; absent where it cannot be asked. */
  readonly disk: DiskReading | undefined
  /** Those that the kernel tells of in its files, and NVIDIA's. */
  readonly gpus: readonly GpuReading[]
}

export type DiskReading = {
  readonly usedGigabytes: number
  readonly availableGigabytes: number
  readonly utilizationPercent: number
}

/** Times of all CPUs since the machine started. */
export type CpuTimes = { readonly busyMs: number; readonly totalMs: number }

/** Reads the machine. CPU utilisation is that since the reading before, at first since the machine started. */
export class SystemReader {
  readonly #modelStore: string
  readonly #nvidia: Pick<NvidiaSmi, 'read'>
  #before: CpuTimes = { busyMs: 0, totalMs: 0 }

  constructor(modelStore: string, nvidia: Pick<NvidiaSmi, 'read'> = new NvidiaSmi()) {
    this.#modelStore = modelStore
    this.#nvidia = nvidia
  }

  async read(): Promise<SystemReading> {
    const now = cpuTimes()
    const utilizationPercent = cpuPercent(this.#before, now)
    this.#before = now
    const [memory, disk, nvidia, others] = await Promise.all([
      readMemory(),
      readDisk(this.#modelStore),
      this.#nvidia.read(),
      readGpus(),
    ])
    // CUDA's numbers are those of deviceIds; the others come behind them.
    const behind = others.map((gpu, i) => ({ ...gpu, deviceId: String(nvidia.length + i) }))
    return { cpu: { utilizationPercent }, memory, disk, gpus: [...nvidia, ...behind] }
  }
}

export function cpuPercent(before: CpuTimes, now: CpuTimes): number {
  const totalMs = now.totalMs - before.totalMs
  return totalMs <= 0 ? 0 : (100 * (now.busyMs - before.busyMs)) / totalMs
}

function cpuTimes(): CpuTimes {
  let busyMs = 0
  let totalMs = 0
  for (const { times } of cpus()) {
    const busy = times.user + times.nice + times.sys + times.irq
    busyMs += busy
    totalMs += busy + times.idle
  }
  return { busyMs, totalMs }
}

async function readDisk(path: string): Promise<DiskReading | undefined> {
  try {
    const { blocks, bfree, bavail, bsize } = await statfs(path)
    const used = (blocks - bfree) * bsize
    const available = bavail * bsize
    return {
      usedGigabytes: used / BYTES_PER_GIGABYTE,
      availableGigabytes: available / BYTES_PER_GIGABYTE,
      utilizationPercent: used + available === 0 ? 0 : (100 * used) / (used + available),
    }
  } catch {
    return undefined // the store may be gone, or its file system may not say
  }
}
