import assert from 'node:assert/strict'
import type { LogSink } from '../../frontend/observability/log-sink.ts'

/** Keeps the lines of a log. */
export class MemorySink implements LogSink {
  readonly lines: string[] = []

  write(line: string): void {
    this.lines.push(line)
  }

  flush(done: () => void): void {
    done()
  }

  destroy(): void {
    this.lines.length = 0
  }

  /** What was logged, without its time. */
  get records(): Record<string, unknown>[] {
    return this.lines.map((line) => {
      const { time, ...record } = JSON.parse(line) as Record<string, unknown> // lines of the logger
      assert.match(String(time), /^\d{4}-\d\d-\d\dT/)
      return record
    })
  }
}
