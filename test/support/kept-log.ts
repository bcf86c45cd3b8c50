import type { LogRecord } from '../../worker/contract/messages.ts'
import type { HandlerLogger } from '../../worker/handler.ts'

/** A log that keeps its records. */
export function keptLog(): HandlerLogger & { readonly records: LogRecord[] } {
  const records: LogRecord[] = []
  const keep = (level: LogRecord['level']) => (message: string, fields?: LogRecord['fields']) => {
    records.push({ level, message, ...(fields === undefined ? {} : { fields }) })
  }
  return { records, debug: keep('debug'), info: keep('info'), warn: keep('warn'), error: keep('error') }
}
