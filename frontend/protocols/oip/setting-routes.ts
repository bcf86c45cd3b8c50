import { component, jsonDoc, type RouteDoc } from '../kernel/openapi/route-doc.ts'
import type { JsonSchema } from '../kernel/openapi/json-schema.ts'
import { scoped, type Call, type Route, type ScopedRoute } from '../kernel/route-table.ts'
import type { Transport } from '../kernel/transport.ts'
import { compactJson } from './compact-json.ts'
import { MAX_SETTINGS_BYTES, readJsonObject } from './json-body.ts'
import type { LogSettings } from './log-settings.ts'
import type { TraceSettings } from './trace-settings.ts'

export type SettingOptions = {
  readonly transport: Transport
  readonly logSettings: LogSettings
  readonly traceSettings: TraceSettings
}

/** The logging and trace extensions: what they say is about the server, so they are for operators. */
export function settingRoutes({ transport, logSettings, traceSettings }: SettingOptions): ScopedRoute[] {
  const given = ({ ctx }: Call) => readJsonObject(transport, ctx, MAX_SETTINGS_BYTES)
  const traceOf = {
    read: traceSettings.read.bind(traceSettings),
    change: traceSettings.change.bind(traceSettings),
  }
  return scoped('management', [
    ...bothMethods('/v2/logging', LOG_DOCS, {
      read: () => logSettings.read(),
      change: async (call) => logSettings.change(await given(call)),
    }),
    ...bothMethods('/v2/trace/setting', TRACE_DOCS, {
      read: () => traceOf.read(),
      change: async (call) => traceOf.change(await given(call)),
    }),
    ...bothMethods('/v2/models/:model/trace/setting', MODEL_TRACE_DOCS, {
      read: ({ params }) => traceOf.read(params.model),
      change: async (call) => traceOf.change(await given(call), call.params.model),
    }),
  ])
}

type Docs = { readonly noun: string; readonly operation: string; readonly schema: string }

const LOG_DOCS: Docs = { noun: 'the settings of the log', operation: 'LogSettings', schema: 'OipLogSettings' }
const TRACE_DOCS: Docs = {
  noun: 'the trace settings of all models',
  operation: 'TraceSettings',
  schema: 'OipTraceSettings',
}
const MODEL_TRACE_DOCS: Docs = {
  noun: 'the trace settings of a model',
  operation: 'ModelTraceSettings',
  schema: 'OipTraceSettings',
}

type Setting = {
  readonly read: (call: Call) => object
  readonly change: (call: Call) => Promise<object>
}

function bothMethods(path: string, { noun, operation, schema }: Docs, { read, change }: Setting): Route[] {
  const doc = (verb: string, summary: string): RouteDoc => ({
    operationId: `oip${verb}${operation}`,
    summary,
    answers: { 200: jsonDoc('All of them as they are now.', component(schema)) },
    error: component('OipError'),
  })
  return [
    {
      method: 'GET',
      path,
      doc: doc('Read', `Read ${noun}.`),
      answer: (call) => compactJson(200, read(call)),
    },
    {
      method: 'POST',
      path,
      doc: {
        ...doc('Change', `Change ${noun}, all that are given or none.`),
        body: { 'application/json': { type: 'object' } },
      },
      answer: async (call) => compactJson(200, await change(call)),
    },
  ]
}

const TEXT: JsonSchema = { type: 'string' }
const SWITCH: JsonSchema = { type: 'boolean' }

export const SETTING_SCHEMAS = {
  OipLogSettings: {
    type: 'object',
    properties: {
      log_file: TEXT,
      log_info: SWITCH,
      log_warning: SWITCH,
      log_error: SWITCH,
      log_verbose_level: { type: 'integer', minimum: 0 },
      log_format: { type: 'string', enum: ['default', 'ISO8601'] },
    },
  },
  OipTraceSettings: {
    type: 'object',
    properties: {
      trace_file: TEXT,
      trace_level: { type: 'array', items: { type: 'string', enum: ['OFF', 'TIMESTAMPS'] } },
      trace_rate: TEXT,
      trace_count: TEXT,
      log_frequency: TEXT,
      trace_mode: TEXT,
    },
  },
} as const satisfies Readonly<Record<string, JsonSchema>>
