import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** How long the event loop of a process stood still: how late a timer of every `tickMs` was. */
export type LoopDelay = {
  readonly p99Ms: number
  readonly p999Ms: number
  readonly longestMs: number
  /** Of the longest, what the process itself computed; the rest it waited for a processor. */
  readonly longestCpuMs: number
}

const POLL_MS = 2
const TIMEOUT_MS = 10_000

let watches = 0

/** Watches the event loop of one process, which must be started with its environment. */
export class LoopWatch {
  readonly environment: Readonly<Record<string, string>>
  readonly #file: string

  /** @param tickMs each tick costs the process some microseconds */
  constructor(directory: string, tickMs: number) {
    this.#file = join(directory, `loop-watch-${++watches}.json`)
    const module = fileURLToPath(new URL('loop-watch.mjs', import.meta.url))
    this.environment = { NODE_OPTIONS: `--import ${module}`, BENCH_LOOP_WATCH: `${tickMs}:${this.#file}` }
  }

  /** Call it when the process has begun: a signal would end it before. */
  of(pid: number): WatchedLoop {
    return new WatchedLoop(pid, this.#file)
  }
}

export class WatchedLoop {
  readonly #pid: number
  readonly #file: string
  #asked = 0

  constructor(pid: number, file: string) {
    this.#pid = pid
    this.#file = file
  }

  /** What was seen so far is forgotten. */
  restart(): void {
    process.kill(this.#pid, 'SIGUSR2')
    this.#asked++
  }

  /** What was seen since it was asked last, or restarted. */
  async read(): Promise<LoopDelay> {
    this.restart()
    const deadlineMs = performance.now() + TIMEOUT_MS
    while (performance.now() < deadlineMs) {
      await pause(POLL_MS)
      const seen = this.#seen()
      if (seen?.count === this.#asked) return seen
    }
    throw new Error(
      `process ${this.#pid} did not say within ${TIMEOUT_MS} ms how long its event loop stood still`,
    )
  }

  #seen(): (LoopDelay & { readonly count: number }) | undefined {
    try {
      return JSON.parse(readFileSync(this.#file, 'utf8')) as LoopDelay & { count: number } // loop-watch.mjs wrote it
    } catch {
      // Not written yet.
      return undefined
    }
  }
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
