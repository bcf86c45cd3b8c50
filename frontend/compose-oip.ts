import type { Config } from './config/schema.ts'
import { systemClock } from './core/clock.ts'
import type { DataPlane } from './core/data-plane.ts'
import type { EventBus, RequestFinished } from './core/events.ts'
import { LogFile } from './observability/log-file.ts'
import type { Logger } from './observability/logger.ts'
import { LogSettings } from './protocols/oip/log-settings.ts'
import { parameterReader, type ReadParameters } from './protocols/oip/request-parameters.ts'
import { TraceSettings, type WriteTrace } from './protocols/oip/trace-settings.ts'

/** What the Open Inference Protocol has once, for HTTP and gRPC together. */
export type OipParts = {
  readonly logSettings: LogSettings
  readonly traceSettings: TraceSettings
  /** What the parameters of a request say, over HTTP. */
  readonly readParameters: ReadParameters
  /** The same over gRPC. */
  readonly readGrpcParameters: ReadParameters
  /** Traces are written to their end. */
  close(): Promise<void>
}

export type OipConfig = Pick<Config, 'traceFile' | 'httpHeaderForwardPattern' | 'grpcHeaderForwardPattern'>

export function oipPartsOf(
  { traceFile, httpHeaderForwardPattern, grpcHeaderForwardPattern }: OipConfig,
  { events, dataPlane }: { readonly events: EventBus; readonly dataPlane: DataPlane },
  logger: Logger,
): OipParts {
  const traces = traceFile === '' ? undefined : new TraceFiles(traceFile, logger)
  const toLog: WriteTrace = (record) => {
    logger.log('info', 'trace', { trace: record })
  }
  const traceSettings = new TraceSettings({
    watch: (listener: (request: RequestFinished) => void) => {
      events.on('requestFinished', listener)
      return () => events.off('requestFinished', listener)
    },
    write: traces === undefined ? toLog : (record, part) => traces.write(JSON.stringify(record), part),
    nowMs: () => systemClock.nowMs(),
    file: traceFile,
    checkModel: (name) => void dataPlane.modelHealth({ name }),
  })
  return {
    logSettings: new LogSettings(logger),
    traceSettings,
    readParameters: parameterReader(patternOf(httpHeaderForwardPattern)),
    readGrpcParameters: parameterReader(patternOf(grpcHeaderForwardPattern)),
    close: async () => {
      traceSettings.close()
      await traces?.close()
    },
  }
}

function patternOf(text: string): RegExp | undefined {
  return text === '' ? undefined : new RegExp(text)
}

/** Files of traces, made when the first trace of each comes; a file that cannot be written fails no request. */
class TraceFiles {
  readonly #path: string
  readonly #logger: Logger
  readonly #closing = new Set<Promise<void>>()
  #current: { readonly path: string; readonly file: LogFile } | undefined

  constructor(path: string, logger: Logger) {
    this.#path = path
    this.#logger = logger
  }

  write(line: string, part: number | undefined): void {
    const path = part === undefined ? this.#path : `${this.#path}.${part}`
    try {
      this.#fileAt(path).write(line)
    } catch (error) {
      this.#report(path, error)
    }
  }

  async close(): Promise<void> {
    this.#endCurrent()
    await Promise.all(this.#closing)
  }

  #fileAt(path: string): LogFile {
    if (this.#current?.path === path) return this.#current.file
    this.#endCurrent()
    const file = new LogFile({ path })
    file.onError((error) => {
      this.#report(path, error)
    })
    this.#current = { path, file }
    return file
  }

  #endCurrent(): void {
    const closing = this.#current?.file.close()
    this.#current = undefined
    if (closing === undefined) return
    this.#closing.add(closing)
    void closing.then(() => this.#closing.delete(closing))
  }

  #report(path: string, error: unknown): void {
    this.#logger.log('error', 'a trace could not be written', { path, error: String(error) })
  }
}
