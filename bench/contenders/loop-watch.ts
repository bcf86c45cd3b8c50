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

/** Longer than any turn of the event loop that is not a fault. */
const SETTLE_MS = 100
const POLL_MS = 10
const TIMEOUT_MS = 10_000

let watches = 0

/** Watches the event loop of one process, which must be started with its environment. */
export class LoopWatch {
  readonly environment: Readonly<Record<string, string>>
  readonly #file: string
  #asked = 0

  /** @param tickMs each tick costs the process some microseconds */
  constructor(directory: string, tickMs: number) {
    this.#file = join(directory, `loop-watch-${++watches}.json`)
    const module = fileURLToPath(new URL('loop-watch.mjs', import.meta.url))
    this.environment = { NODE_OPTIONS: `--import ${module}`, BENCH_LOOP_WATCH: `${tickMs}:${this.#file}` }
  }

  /** What was seen since it was asked last. */
  async read(pid: number): Promise<LoopDelay> {
    await pause(SETTLE_MS)
    process.kill(pid, 'SIGUSR2')
    this.#asked++
    const deadlineMs = performance.now() + TIMEOUT_MS
    while (performance.now() < deadlineMs) {
      await pause(POLL_MS)
      const seen = this.#seen()
      if (seen?.count === this.#asked) return seen
    }
    throw new Error(`process ${pid} did not say within ${TIMEOUT_MS} ms how long its event loop stood still`)
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
