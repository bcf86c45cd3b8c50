import { mkdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { pino } from 'pino'

export type LogFileOptions = {
  readonly path: string
  /** Where a new file begins. */
  readonly maxBytes?: number
  /** Older files that are kept, `.1` the youngest. */
  readonly kept?: number
}

const MAX_BYTES = 100 * 1024 * 1024
const KEPT_FILES = 5
/** As for the log: lines wait for each other until this much has come together, or this long. */
const WRITE_BYTES = 4096
const FLUSH_MS = 100
const MAX_BUFFERED_BYTES = 4 * 1024 * 1024

/** A file of lines that are appended in the background, and that makes room by beginning anew. */
export class LogFile {
  readonly #path: string
  readonly #maxBytes: number
  readonly #kept: number
  readonly #sink: ReturnType<typeof pino.destination>
  #bytes: number
  #report: (error: Error) => void = () => undefined
  #closed: Promise<void> | undefined

  /** @throws the system's error when the file cannot be made or written */
  constructor({ path, maxBytes = MAX_BYTES, kept = KEPT_FILES }: LogFileOptions) {
    this.#path = path
    this.#maxBytes = maxBytes
    this.#kept = kept
    mkdirSync(dirname(path), { recursive: true })
    this.#sink = pino.destination({
      dest: path,
      sync: false,
      minLength: WRITE_BYTES,
      periodicFlush: FLUSH_MS,
      maxLength: MAX_BUFFERED_BYTES,
    })
    this.#bytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0
  }

  /** Told of errors of later writes; lines may be lost then. */
  onError(listener: (error: Error) => void): void {
    this.#report = listener
    this.#sink.on('error', listener)
  }

  /** After `close`, lines are dropped. */
  write(line: string): void {
    if (this.#closed !== undefined) return
    if (this.#bytes >= this.#maxBytes) this.#beginAnew()
    this.#bytes += line.length + 1
    this.#sink.write(`${line}\n`)
  }

  /** Resolves when all lines are in the file, or cannot be. */
  close(): Promise<void> {
    this.#closed ??= new Promise((resolve) => {
      this.#sink.once('close', resolve)
      this.#sink.once('error', () => {
        resolve()
      })
      this.#sink.end()
    })
    return this.#closed
  }

  /** Where that fails, the file goes on: whoever writes a line, a request at its end, must not fail for it. */
  #beginAnew(): void {
    this.#bytes = 0
    try {
      this.#moveOlder()
      this.#sink.reopen()
    } catch (error) {
      this.#report(error instanceof Error ? error : new Error(String(error)))
    }
  }

  #moveOlder(): void {
    rmSync(`${this.#path}.${this.#kept}`, { force: true })
    for (let i = this.#kept - 1; i > 0; i--) renameIfThere(`${this.#path}.${i}`, `${this.#path}.${i + 1}`)
    renameIfThere(this.#path, `${this.#path}.1`)
  }
}

function renameIfThere(from: string, to: string): void {
  if (statSync(from, { throwIfNoEntry: false }) !== undefined) renameSync(from, to)
}
