import { messageOf } from '../contract/errors.ts'
import type { Device } from '../contract/messages.ts'
import type { Tensor, TensorMetadata } from '../contract/tensor.ts'
import { deviceFailureOf } from './device-failure.ts'
import type { RunOptions, Session } from './session.ts'

/** Told, in a sentence, that nothing can run in this process any more. The process is expected to be ended. */
export type OnDeviceLost = (message: string) => void

/**
 * A session on a GPU. An error that leaves the device unusable for the whole process, as CUDA's 700 does, answers
 * nobody: the run stays open until the process ends, and its requests are tried once more elsewhere.
 */
export class GuardedSession implements Session {
  readonly #session: Session
  readonly #device: Device
  readonly #onLost: OnDeviceLost

  constructor(session: Session, device: Device, onLost: OnDeviceLost) {
    this.#session = session
    this.#device = device
    this.#onLost = onLost
  }

  get inputs(): readonly TensorMetadata[] {
    return this.#session.inputs
  }

  get outputs(): readonly TensorMetadata[] {
    return this.#session.outputs
  }

  async run(feeds: readonly Tensor[], options?: RunOptions): Promise<readonly Tensor[]> {
    try {
      return await this.#session.run(feeds, options)
    } catch (error) {
      if (deviceFailureOf(error) !== 'lost') throw error
      const { provider, deviceId } = this.#device
      this.#onLost(`${provider} device ${deviceId} is lost to this process: ${messageOf(error)}`)
      return new Promise(() => undefined)
    }
  }

  takeBusyMs(): number {
    return this.#session.takeBusyMs?.() ?? 0
  }

  release(): Promise<void> {
    return this.#session.release()
  }
}
