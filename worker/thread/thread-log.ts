import { format, inspect } from 'node:util'
import { frameOf } from '../contract/frame.ts'
import type { LogLevel, LogRecord } from '../contract/messages.ts'
import type { HandlerLogger } from '../handler.ts'

/** Records per second that a thread may send; a handler that logs in a loop must not drown the server. */
const MAX_RECORDS_PER_SECOND = 200
const WINDOW_MS = 1000
const MAX_MESSAGE_CHARACTERS = 8 * 1024
const MAX_FIELDS_CHARACTERS = 32 * 1024

type Fields = Readonly<Record<string, unknown>>

export type ThreadLogOptions = {
  /** Takes a `log` frame. */
  readonly send: (frame: Uint8Array<ArrayBuffer>) => void
  readonly nowMs: () => number
}

/** The log of one worker thread: frames for the frontend, limited in size and rate. */
export class ThreadLog implements HandlerLogger {
  readonly #options: ThreadLogOptions
  #windowStartMs = -Infinity
  #sent = 0
  #dropped = 0

  constructor(options: ThreadLogOptions) {
    this.#options = options
  }

  debug(message: string, fields?: Fields): void {
    this.#log('debug', message, fields)
  }

  info(message: string, fields?: Fields): void {
    this.#log('info', message, fields)
  }

  warn(message: string, fields?: Fields): void {
    this.#log('warn', message, fields)
  }

  error(message: string, fields?: Fields): void {
    this.#log('error', message, fields)
  }

  #log(level: LogLevel, message: string, fields: Fields | undefined): void {
    this.#startWindow()
    if (this.#sent >= MAX_RECORDS_PER_SECOND) {
      this.#dropped++
      return
    }
    this.#sent++
    this.#send(recordFrom(level, message, fields))
  }

  /** What was dropped is said with the next record: an idle thread needs no timer for it. */
  #startWindow(): void {
    const nowMs = this.#options.nowMs()
    if (nowMs - this.#windowStartMs < WINDOW_MS) return
    this.#windowStartMs = nowMs
    this.#sent = 0
    if (this.#dropped > 0) {
      const message = `${this.#dropped} log records were dropped: more than ${MAX_RECORDS_PER_SECOND} in a second`
      this.#send({ level: 'warn', message })
    }
    this.#dropped = 0
  }

  #send(record: LogRecord): void {
    this.#options.send(frameOf('log', record))
  }
}

/** Sends what a handler, or a library in it, prints by `console` to the log. */
export function redirectConsole(log: HandlerLogger): void {
  const redirect =
    (level: LogLevel) =>
    (...values: unknown[]) => {
      log[level](format(...values))
    }
  Object.assign(console, {
    log: redirect('info'),
    info: redirect('info'),
    debug: redirect('debug'),
    trace: redirect('debug'),
    warn: redirect('warn'),
    error: redirect('error'),
  })
}

function recordFrom(level: LogLevel, message: string, fields: Fields | undefined): LogRecord {
  const short = String(message).slice(0, MAX_MESSAGE_CHARACTERS)
  return { level, message: short, ...(fields === undefined ? {} : { fields: jsonFields(fields) }) }
}

/** Fields as they are if they fit into JSON, else in the form of `util.inspect`: a log call must not throw. */
function jsonFields(fields: Fields): Fields {
  try {
    if (JSON.stringify(fields).length <= MAX_FIELDS_CHARACTERS) return fields
  } catch {
    // A cycle or a BigInt: inspected below.
  }
  return { inspected: inspect(fields, { depth: 3 }).slice(0, MAX_FIELDS_CHARACTERS) }
}
