import type { GrpcMethod } from '../kernel/grpc-transport.ts'
import type { LogSettings } from './log-settings.ts'
import type { TraceSettings } from './trace-settings.ts'

export type GrpcSettingOptions = {
  readonly logSettings: LogSettings
  readonly traceSettings: TraceSettings
}

/** The value of a setting of the log: one of its fields. */
type LogValue = {
  readonly bool_param?: boolean
  readonly uint32_param?: number
  readonly string_param?: string
}
type TraceValue = { readonly value: readonly string[] }
/** The entries of a map; without a value in one, it is null. */
type Entries<T> = readonly { readonly key: string; readonly value: T | null }[]

type LogRequest = { readonly settings: Entries<LogValue> }
type TraceRequest = { readonly settings: Entries<TraceValue>; readonly model_name: string }

/** The logging and trace extensions: a request that gives no setting reads them all. */
export function settingMethods({
  logSettings,
  traceSettings,
}: GrpcSettingOptions): Readonly<Record<string, GrpcMethod>> {
  return {
    LogSettings: {
      kind: 'unary',
      answer: (_call, message) => {
        const given = logSettingsFrom(message as LogRequest) // the transport has decoded it
        return {
          settings: entriesOf(given === undefined ? logSettings.read() : logSettings.change(given), logValue),
        }
      },
    },
    TraceSetting: {
      kind: 'unary',
      answer: (_call, message) => {
        const request = message as TraceRequest // the transport has decoded it
        const model = request.model_name === '' ? undefined : request.model_name
        const given = traceSettingsFrom(request)
        const settings = given === undefined ? traceSettings.read(model) : traceSettings.change(given, model)
        return { settings: entriesOf(settings, traceValue) }
      },
    },
  }
}

function logSettingsFrom({ settings }: LogRequest): Readonly<Record<string, unknown>> | undefined {
  return valuesOf(
    settings,
    ({ bool_param, uint32_param, string_param }) => bool_param ?? uint32_param ?? string_param,
  )
}

/** No value at all takes back what was said before. */
function traceSettingsFrom({ settings }: TraceRequest): Readonly<Record<string, unknown>> | undefined {
  return valuesOf(settings, ({ value }) => {
    if (value.length === 0) return null
    return value.length === 1 ? value[0] : value
  })
}

function valuesOf<T extends object>(
  entries: Entries<T>,
  read: (value: T) => unknown,
): Readonly<Record<string, unknown>> | undefined {
  if (entries.length === 0) return undefined
  return Object.fromEntries(entries.map(({ key, value }) => [key, value === null ? null : read(value)]))
}

function entriesOf(settings: Readonly<Record<string, unknown>>, write: (value: unknown) => object): object[] {
  return Object.entries(settings).map(([key, value]) => ({ key, value: write(value) }))
}

function logValue(value: unknown): LogValue {
  if (typeof value === 'boolean') return { bool_param: value }
  return typeof value === 'number' ? { uint32_param: value } : { string_param: String(value) }
}

function traceValue(value: unknown): TraceValue {
  return { value: Array.isArray(value) ? value.map(String) : [String(value)] }
}
