/** Where log lines go. A write returns at once; `flush` calls back when everything written has left. */
export interface LogSink {
  write(line: string): unknown
  /** Writes at the end of the turn of the event loop, or before the next `write`: for lines that come in numbers. */
  writeSoon?(line: string): unknown
  flush(done: () => void): void
  /** Drops what has not been written; a pipe that nobody reads would keep the process from ending. */
  destroy(): void
}
