import { readdirSync } from 'node:fs'

/** Where a count of GPUs is read from. */
export type GpuSources = {
  /** Entries of a directory; none where it cannot be read. */
  readonly list: (directory: string) => readonly string[]
  /** `CUDA_VISIBLE_DEVICES`, which worker processes inherit. */
  readonly visibleDevices: string | undefined
}

/**
 * GPUs that a worker process sees, numbered from 0; at least one, because WebGPU runs on devices that leave no
 * trace here, and whether there is any at all is for the probe of a provider to say.
 *
 * Device nodes come first: a container has those of its own GPUs, while `/proc` may tell of all of the machine.
 */
export function visibleGpus({ list, visibleDevices }: GpuSources): number {
  const nodes = list('/dev').filter((name) => /^nvidia\d+$/.test(name)).length
  const found = nodes > 0 ? nodes : list('/proc/driver/nvidia/gpus').length
  const chosen = visibleDevices?.split(',').filter((each) => each.trim() !== '').length ?? found
  return Math.max(1, Math.min(found, chosen))
}

export function listDirectory(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
  } catch {
    return [] // no such directory: no such driver
  }
}
