import { choice, path, toggle } from '../values.ts'
import { setting } from './setting.ts'

/** What is logged, and how. */
export const loggingSettings = {
  logLevel: setting({
    property: 'log_level',
    kind: choice('debug', 'info', 'warn', 'error'),
    default: 'info',
    doc: 'The least severe lines that are logged.',
  }),
  logFormat: setting({
    property: 'log_format',
    kind: choice('auto', 'json', 'pretty'),
    default: 'auto',
    doc: 'JSON lines, or text for people; auto is text on a terminal.',
  }),
  accessLog: setting({
    property: 'access_log',
    kind: toggle,
    default: true,
    doc: 'Whether each request leaves a line in the log.',
  }),
  logLocation: setting({
    property: 'log_location',
    variable: 'LOG_LOCATION',
    kind: path,
    default: '',
    defaultText: 'the state directory',
    doc: 'Directory of `onnxserve.log`, the log of a server that runs in the background; others log to stdout. It only grows: rotate it with `copytruncate`.',
  }),
} as const
