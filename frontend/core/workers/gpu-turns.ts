import { ServingError } from '../../../worker/contract/errors.ts'
import type { ExecutionProvider } from '../../../worker/contract/messages.ts'

export type TurnsRequest = {
  readonly provider: ExecutionProvider
  /** Those that the model names; a number that stands twice gets two turns. */
  readonly deviceIds: readonly number[]
  readonly workers: number
  /** The devices of all workers that live, one entry per worker. */
  readonly taken: readonly number[]
}

/** Deals the GPUs of a server out to the workers of its models. */
export class GpuTurns {
  readonly #gpus: number
  /** Where equally loaded devices begin: models that load at the same time do not see each other's workers yet. */
  #next = 0

  constructor(gpus: number) {
    this.#gpus = gpus
  }

  /**
   * The device of each worker: those that the model names in turn, else each time the one with the fewest workers.
   *
   * @throws ServingError `failed_precondition` when the model names a device that there is not.
   */
  take({ provider, deviceIds, workers, taken }: TurnsRequest): readonly number[] {
    if (provider === 'cpu') return []
    const known = provider === 'webgpu' ? 1 : this.#gpus
    const unknown = deviceIds.find((id) => id >= known)
    if (unknown !== undefined) throw noSuchDevice(provider, unknown, this.#gpus)
    if (deviceIds.length > 0) return Array.from({ length: workers }, (_, i) => at(deviceIds, i))
    return this.#leastLoaded(known, workers, taken)
  }

  #leastLoaded(gpus: number, workers: number, taken: readonly number[]): readonly number[] {
    const loads = Array.from({ length: gpus }, (_, id) => taken.filter((each) => each === id).length)
    return Array.from({ length: workers }, () => {
      const order = loads.map((_, i) => (this.#next + i) % gpus)
      const id = order.reduce((best, each) => ((loads[each] ?? 0) < (loads[best] ?? 0) ? each : best))
      loads[id] = (loads[id] ?? 0) + 1
      this.#next = (id + 1) % gpus
      return id
    })
  }
}

function at(deviceIds: readonly number[], index: number): number {
  return deviceIds[index % deviceIds.length] ?? 0
}

function noSuchDevice(provider: ExecutionProvider, id: number, gpus: number): ServingError {
  const message =
    provider === 'webgpu'
      ? `deviceIds names device ${id}, but WebGPU runs on the system's default adapter alone, which is device 0: leave deviceIds out`
      : `deviceIds names device ${id}, but this server uses ${gpus === 1 ? 'one GPU, device 0' : `${gpus} GPUs, devices 0 to ${gpus - 1}`}: name one of these, or set number_of_gpu if there are more`
  return new ServingError('failed_precondition', message, { reason: 'execution_provider' })
}
