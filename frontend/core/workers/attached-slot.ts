import type { Device } from '../../../worker/contract/messages.ts'
import type { WorkerProcess, WorkerProcessListener } from './worker-process.ts'
import type { SeatReading } from './worker-set.ts'
import type { WorkerSeat, WorkerSlotListener } from './worker-slot.ts'

export type AttachedSlotOptions = {
  readonly listener: WorkerSlotListener
  readonly attach: (
    pid: number,
    threads: number,
    listener: Pick<WorkerProcessListener, 'onInstance' | 'onThreadLost' | 'onExit'>,
  ) => WorkerProcess
  /** Nothing is sent from this place any more. */
  readonly onStopped: () => void
}

/**
 * The place of a worker process that another frontend process keeps running: it follows what it is told, and starts
 * nothing. A process that is told of anew is attached to again.
 */
export class AttachedSlot implements WorkerSeat {
  readonly device: Device
  readonly threads: number
  readonly #options: AttachedSlotOptions
  #process: WorkerProcess | undefined
  #isStopped = false
  losses = 0
  readonly backoffMs = 0
  readonly failingMs = 0
  readonly isFailing = false
  readonly lastFailure = undefined

  constructor(seat: SeatReading, options: AttachedSlotOptions) {
    this.device = seat.device
    this.threads = seat.threads
    this.#options = options
    this.use(seat.pid)
  }

  get process(): WorkerProcess | undefined {
    return this.#process
  }

  /** Also while there is no process: nobody waits for one that may take minutes to come back. */
  get isReady(): boolean {
    return this.#process === undefined || this.#process.readyThreads > 0
  }

  /** @param pid of the process that takes batches here now; absent: none does */
  use(pid: number | undefined): void {
    if (this.#isStopped || pid === undefined || pid === this.#process?.pid) return
    const { attach, listener } = this.#options
    this.#process = attach(pid, this.threads, {
      onInstance: (report) => {
        listener.onInstance(pid, report)
        listener.onChange()
      },
      onThreadLost: () => {
        this.losses += 1
      },
      onExit: () => {
        this.#leave(pid)
      },
    })
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#process?.stop()
    this.#options.onStopped()
  }

  #leave(pid: number): void {
    if (this.#process?.pid !== pid) return
    this.#process = undefined
    this.losses += 1
    this.#options.listener.onChange()
  }
}
