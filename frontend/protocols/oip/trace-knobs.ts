import { ServingError } from '../../../worker/contract/errors.ts'
import { badSetting, readOnlySetting, settingsNoObject, unknownSetting } from './setting-errors.ts'

/** What can be said about tracing, for all models or for one. */
export type TraceKnobs = {
  readonly trace_level: 'OFF' | 'TIMESTAMPS'
  /** One request in so many is traced. */
  readonly trace_rate: number
  /** Traces that are still to come; -1: no end. */
  readonly trace_count: number
  /** Traces after which another file begins; 0: never. */
  readonly log_frequency: number
}

export const DEFAULT_KNOBS: TraceKnobs = {
  trace_level: 'OFF',
  trace_rate: 1000,
  trace_count: -1,
  log_frequency: 0,
}

/** What a change says: null takes back what was said before. */
export type KnobChanges = { readonly [K in keyof TraceKnobs]?: TraceKnobs[K] | null }

const MAX_INT32 = 2 ** 31 - 1
const NAMES = [...Object.keys(DEFAULT_KNOBS), 'trace_file', 'trace_mode']

/** @throws ServingError `invalid_argument` | `unimplemented` | `permission_denied` for what the start decides */
export function knobChanges(given: unknown): KnobChanges {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) throw settingsNoObject()
  const entries = Object.entries(given).map(([name, value]) => [name, knob(name, value)])
  return Object.fromEntries(entries) as KnobChanges // by the names that `knob` knows
}

function knob(name: string, value: unknown): string | number | null {
  switch (name) {
    case 'trace_level':
      return value === null ? null : level(name, value)
    case 'trace_rate':
      return value === null ? null : integer(name, value, 1)
    case 'trace_count':
      return value === null ? null : integer(name, value, -1)
    case 'log_frequency':
      return value === null ? null : integer(name, value, 0)
    case 'trace_file':
    case 'trace_mode':
      throw readOnlySetting(name, name === 'trace_file' ? 'trace_file' : 'nothing: it is always triton')
    default:
      throw unknownSetting(name, NAMES)
  }
}

/** A text or several; over gRPC always several. */
function level(name: string, value: unknown): TraceKnobs['trace_level'] {
  const levels = Array.isArray(value) ? (value as readonly unknown[]) : [value]
  const unknown = levels.find((each) => each !== 'OFF' && each !== 'TIMESTAMPS' && each !== 'TENSORS')
  if (levels.length === 0 || unknown !== undefined) {
    throw badSetting(name, '["OFF"] or ["TIMESTAMPS"]', value)
  }
  if (levels.includes('TENSORS')) throw tensorsNotTraced()
  return levels.includes('OFF') ? 'OFF' : 'TIMESTAMPS'
}

/** Decimal digits, or a number. */
function integer(name: string, given: unknown, min: number): number {
  const value: unknown = Array.isArray(given) && given.length === 1 ? given[0] : given
  const isText = typeof value === 'string' && /^-?\d{1,10}$/.test(value)
  const number = isText ? Number(value) : value
  if (typeof number !== 'number' || !Number.isInteger(number) || number < min || number > MAX_INT32) {
    throw badSetting(name, `an integer from ${min} to ${MAX_INT32}, as a text`, value)
  }
  return number
}

function tensorsNotTraced(): ServingError {
  return new ServingError(
    'unimplemented',
    '/trace_level TENSORS is not served: tensors are not written to files; use TIMESTAMPS; nothing was changed',
    { reason: 'setting' },
  )
}
