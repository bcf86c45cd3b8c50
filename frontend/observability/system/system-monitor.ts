import type { SystemReading } from './system-reading.ts'

export type SystemMonitorOptions = {
  readonly read: () => Promise<SystemReading>
  readonly intervalMs: number
  readonly onReading: (reading: SystemReading) => void
}

/** Reads the machine now and then, until it is stopped. */
export class SystemMonitor {
  readonly #options: SystemMonitorOptions
  #timer: NodeJS.Timeout | undefined
  #isStopped = false
  /** The last one. */
  reading: SystemReading | undefined

  constructor(options: SystemMonitorOptions) {
    this.#options = options
  }

  /** Resolves after the first reading. */
  async start(): Promise<void> {
    await this.#read()
    if (this.#isStopped) return
    this.#timer = setInterval(() => void this.#read(), this.#options.intervalMs)
    this.#timer.unref()
  }

  stop(): void {
    this.#isStopped = true
    clearInterval(this.#timer)
  }

  async #read(): Promise<void> {
    const reading = await this.#options.read()
    if (this.#isStopped) return
    this.reading = reading
    this.#options.onReading(reading)
  }
}
