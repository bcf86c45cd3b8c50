import { pino } from 'pino'
import type { LogSink } from './log-sink.ts'

/** Lines wait for each other until this much has come together, or this long. */
const WRITE_BYTES = 16 * 1024
const FLUSH_MS = 100
/** Lines kept for a reader that does not read; then lines are dropped, because a server must not wait for its log. */
const MAX_BUFFERED_BYTES = 4 * 1024 * 1024
const STDOUT = 1

/** What pino writes to; lines it has no room for it announces as `drop`. */
export type Destination = LogSink & {
  on(event: 'drop', listener: (text: string) => void): unknown
  on(event: 'drain', listener: () => void): unknown
}

/**
 * Writes on a thread of libuv's pool, one write at a time, lines joined while it runs. `process.stdout` would
 * block the event loop when a pipe's reader stops.
 */
export function stdoutSink(onLost: (lines: number) => void): LogSink {
  const destination = pino.destination({
    fd: STDOUT,
    sync: false,
    // A write for every line would cost more than the line: a hop to a thread and a system call (measured).
    minLength: WRITE_BYTES,
    maxWrite: 2 * WRITE_BYTES,
    periodicFlush: FLUSH_MS,
    maxLength: MAX_BUFFERED_BYTES,
  })
  return new JoiningSink(destination, onLost)
}

/**
 * Joins the lines of a turn of the event loop before it hands them on: pino's destination measures all it holds at
 * every write, which made 8 KB of garbage for each line (sonic-boom 4.2.1).
 */
export class JoiningSink implements LogSink {
  readonly #destination: Destination
  #joined = ''
  #lostLines = 0

  constructor(destination: Destination, onLost: (lines: number) => void) {
    this.#destination = destination
    destination.on('drop', (text) => (this.#lostLines += text.split('\n').length - 1))
    destination.on('drain', () => {
      if (this.#lostLines === 0) return
      const lines = this.#lostLines
      this.#lostLines = 0
      onLost(lines)
    })
  }

  write(line: string): void {
    this.#writeJoined()
    this.#destination.write(line)
  }

  writeSoon(line: string): void {
    if (this.#joined === '') setImmediate(() => this.#writeJoined())
    this.#joined += line
  }

  flush(done: () => void): void {
    this.#writeJoined()
    this.#destination.flush(done)
  }

  destroy(): void {
    this.#joined = ''
    this.#destination.destroy()
  }

  #writeJoined(): void {
    if (this.#joined === '') return
    const text = this.#joined
    this.#joined = ''
    this.#destination.write(text)
  }
}
