import { isatty } from 'node:tty'
import { pino, type Logger as PinoLogger } from 'pino'
import type { ServingError } from '../../worker/contract/errors.ts'
import type { LogLevel } from '../../worker/contract/messages.ts'
import { prettyLines } from './pretty-line.ts'
import { accessLine, callLine, type AccessFacts, type CallFacts } from './access-line.ts'
import { clip, printable, printableJson } from './printable.ts'

export type LoggerOptions = {
  readonly logLevel: LogLevel
  readonly logFormat: 'auto' | 'json' | 'pretty'
}

export type Fields = Readonly<Record<string, unknown>>

/** Where log lines go. A write returns at once; `flush` calls back when everything written has left. */
export interface LogSink {
  write(line: string): unknown
  flush(done: () => void): void
  /** Drops what has not been written; a pipe that nobody reads would keep the process from ending. */
  destroy(): void
}

const MAX_TEXT_CHARACTERS = 1024
const MAX_STACK_CHARACTERS = 8 * 1024
/** Lines kept for a reader that does not read; then lines are dropped, because a server must not wait for its log. */
const MAX_BUFFERED_BYTES = 4 * 1024 * 1024
const FLUSH_LIMIT_MS = 1000
/** Lines wait for each other until this much has come together, or this long. */
const WRITE_BYTES = 4096
const FLUSH_MS = 100
const STDOUT = 1

/** Statuses of gRPC that are the server's doing, as those of HTTP from 500 are. */
const SERVER_FAULTS: ReadonlySet<string> = new Set([
  'unknown',
  'deadline_exceeded',
  'unimplemented',
  'internal',
  'unavailable',
  'data_loss',
])

type LoggerParts = {
  readonly pinoLogger: PinoLogger
  readonly sink: LogSink
  /** Takes a line of JSON that needs no escaping, past pino. */
  readonly writeLine: (line: string) => void
  readonly isPretty: boolean
}

/** The server's log: one JSON line for each fact, or text on a terminal. */
export class Logger {
  readonly #pino: PinoLogger
  readonly #sink: LogSink
  readonly #writeLine: (line: string) => void
  readonly #isPretty: boolean

  constructor({ pinoLogger, sink, writeLine, isPretty }: LoggerParts) {
    this.#pino = pinoLogger
    this.#sink = sink
    this.#writeLine = writeLine
    this.#isPretty = isPretty
  }

  log(level: LogLevel, message: string, fields: Fields = {}): void {
    this.#pino[level](fields, clip(message, MAX_TEXT_CHARACTERS))
  }

  /** What a person reads when the server has started; on a terminal without time and level. */
  report(lines: readonly string[]): void {
    for (const line of lines) {
      if (this.#isPretty && this.#pino.isLevelEnabled('info')) this.#sink.write(`${printable(line)}\n`)
      else this.log('info', line)
    }
  }

  /** A request that ended, with whatever outcome. */
  access(facts: AccessFacts): void {
    const level = facts.status >= 500 ? 'warn' : 'info'
    if (this.#pino.isLevelEnabled(level)) this.#writeLine(accessLine(level, facts))
  }

  /** A gRPC call that ended, with whatever status. */
  call(facts: CallFacts): void {
    const level = SERVER_FAULTS.has(facts.status) ? 'warn' : 'info'
    if (this.#pino.isLevelEnabled(level)) this.#writeLine(callLine(level, facts))
  }

  /** An error that is the server's or a handler's own; the client saw only its message. */
  failure(error: ServingError, requestId: string): void {
    this.#pino.error(
      { requestId, reason: error.reason, err: errorFields(error) },
      clip(error.message, MAX_TEXT_CHARACTERS),
    )
  }

  /** The last call: resolves when all lines have been written, or given up because their reader takes too long. */
  flush(): Promise<void> {
    return new Promise((resolve) => {
      const limit = setTimeout(() => {
        this.#sink.destroy()
        resolve()
      }, FLUSH_LIMIT_MS)
      this.#sink.flush(() => {
        clearTimeout(limit)
        resolve()
      })
    })
  }
}

/** @param givenSink by default standard output */
export function createLogger({ logLevel, logFormat }: LoggerOptions, givenSink?: LogSink): Logger {
  const isPretty = logFormat === 'pretty' || (logFormat === 'auto' && isatty(STDOUT))
  const format = isPretty ? prettyLines() : printableJson
  const sink =
    givenSink ??
    stdoutSink((lostLines) => {
      logger.log('warn', `${lostLines} log lines were lost: their reader did not keep up`)
    })
  const options = {
    level: logLevel,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  }
  const writeLine = isPretty
    ? (line: string) => void sink.write(format(line))
    : (line: string) => void sink.write(line)
  const pinoLogger = pino(options, { write: (line) => void sink.write(format(line)) })
  const logger = new Logger({ pinoLogger, sink, writeLine, isPretty })
  return logger
}

/**
 * Writes on a thread of libuv's pool, one write at a time, lines joined while it runs. `process.stdout` would
 * block the event loop when a pipe's reader stops.
 */
function stdoutSink(onLost: (lines: number) => void): LogSink {
  const sink = pino.destination({
    fd: STDOUT,
    sync: false,
    // A write for every line would cost more than the line: a hop to a thread and a system call (measured).
    minLength: WRITE_BYTES,
    periodicFlush: FLUSH_MS,
    maxLength: MAX_BUFFERED_BYTES,
  })
  let lostLines = 0
  sink.on('drop', () => lostLines++)
  sink.on('drain', () => {
    if (lostLines === 0) return
    const lines = lostLines
    lostLines = 0
    onLost(lines)
  })
  return sink
}

/** What is worth keeping of an error: the stack of its cause, if it has one, tells where it came from. */
function errorFields({ cause, stack, code }: ServingError): Fields {
  const origin = cause instanceof Error ? (cause.stack ?? cause.message) : cause
  return {
    type: code,
    stack: clip(typeof origin === 'string' ? origin : (stack ?? ''), MAX_STACK_CHARACTERS),
  }
}
