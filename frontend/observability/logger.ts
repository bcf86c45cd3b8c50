import { isatty } from 'node:tty'
import { pino, type Logger as PinoLogger } from 'pino'
import type { ServingError } from '../../worker/contract/errors.ts'
import type { LogLevel } from '../../worker/contract/messages.ts'
import type { LogSink } from './log-sink.ts'
import { isoLines, prettyLines } from './pretty-line.ts'
import { accessLine, callLine, type AccessFacts, type CallFacts } from './access-line.ts'
import { clip, printable, printableJson } from './printable.ts'
import { stdoutSink } from './stdout-sink.ts'

export type LoggerOptions = {
  readonly logLevel: LogLevel
  readonly logFormat: 'auto' | 'json' | 'pretty'
}

export type Fields = Readonly<Record<string, unknown>>

const MAX_TEXT_CHARACTERS = 1024
const MAX_STACK_CHARACTERS = 8 * 1024
const FLUSH_LIMIT_MS = 1000
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

/** Which lines are written, each level for itself. */
export type LogLevels = Readonly<Record<LogLevel, boolean>>

/** How lines look: as the configuration says, or as text with ISO 8601 times. */
export type LineStyle = 'configured' | 'iso_text'

/** Lines of JSON on their way out. */
export type LineWriter = {
  style: LineStyle
  /** Of pino, whose texts may hold anything. */
  write(line: string): void
  /** Of a line that needs no escaping. */
  writePlain(line: string): void
}

type LoggerParts = {
  readonly pinoLogger: PinoLogger
  readonly sink: LogSink
  readonly writer: LineWriter
  readonly isPretty: boolean
}

/** The server's log: one JSON line for each fact, or text on a terminal. */
export class Logger {
  readonly #pino: PinoLogger
  readonly #sink: LogSink
  readonly #writer: LineWriter
  readonly #isPretty: boolean
  #levels: LogLevels
  /** Told of changes of what is written, and how. */
  onUse: ((levels: LogLevels, style: LineStyle) => void) | undefined

  constructor({ pinoLogger, sink, writer, isPretty }: LoggerParts) {
    this.#pino = pinoLogger
    this.#sink = sink
    this.#writer = writer
    this.#isPretty = isPretty
    const isOn = (level: LogLevel) => pinoLogger.isLevelEnabled(level)
    this.#levels = { debug: isOn('debug'), info: isOn('info'), warn: isOn('warn'), error: isOn('error') }
    // From here on the switches decide, and they need not be a threshold.
    pinoLogger.level = 'debug'
  }

  get levels(): LogLevels {
    return this.#levels
  }

  get style(): LineStyle {
    return this.#writer.style
  }

  /** Changes what is written from the next line on. */
  use(levels: LogLevels, style: LineStyle): void {
    this.#levels = levels
    this.#writer.style = style
    this.onUse?.(levels, style)
  }

  /** Whether its lines are for people. */
  get isPretty(): boolean {
    return this.#isPretty
  }

  /** Writes lines that another process of this server has made. */
  pass(lines: string): void {
    this.#sink.write(lines)
  }

  log(level: LogLevel, message: string, fields: Fields = {}): void {
    if (this.#levels[level]) this.#pino[level](fields, clip(message, MAX_TEXT_CHARACTERS))
  }

  /** What a person reads when the server has started; on a terminal without time and level. */
  report(lines: readonly string[]): void {
    for (const line of lines) {
      if (this.#isPretty && this.#levels.info) this.#sink.write(`${printable(line)}\n`)
      else this.log('info', line)
    }
  }

  /** A request that ended, with whatever outcome. */
  access(facts: AccessFacts): void {
    const level = facts.status >= 500 ? 'warn' : 'info'
    if (this.#levels[level]) this.#writer.writePlain(accessLine(level, facts))
  }

  /** A gRPC call that ended, with whatever status. */
  call(facts: CallFacts): void {
    const level = SERVER_FAULTS.has(facts.status) ? 'warn' : 'info'
    if (this.#levels[level]) this.#writer.writePlain(callLine(level, facts))
  }

  /** An error that is the server's or a handler's own; the client saw only its message. */
  failure(error: ServingError, requestId: string): void {
    if (!this.#levels.error) return
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
  const writer = lineWriter(sink, isPretty)
  const pinoLogger = pino(options, writer)
  const logger = new Logger({ pinoLogger, sink, writer, isPretty })
  return logger
}

function lineWriter(sink: LogSink, isPretty: boolean): LineWriter {
  const pretty = isPretty ? prettyLines() : undefined
  const isoText = isoLines()
  const writer: LineWriter = {
    style: 'configured',
    write: (line) => {
      const format = writer.style === 'iso_text' ? isoText : (pretty ?? printableJson)
      sink.write(format(line))
    },
    writePlain: (line) => {
      const format = writer.style === 'iso_text' ? isoText : pretty
      const text = format === undefined ? line : format(line)
      if (sink.writeSoon === undefined) sink.write(text)
      else sink.writeSoon(text)
    },
  }
  return writer
}

/** What is worth keeping of an error: the stack of its cause, if it has one, tells where it came from. */
function errorFields({ cause, stack, code }: ServingError): Fields {
  const origin = cause instanceof Error ? (cause.stack ?? cause.message) : cause
  return {
    type: code,
    stack: clip(typeof origin === 'string' ? origin : (stack ?? ''), MAX_STACK_CHARACTERS),
  }
}
