import { ServingError } from '../../../worker/contract/errors.ts'

/** Parameters with a meaning of their own: no handler sees them. */
const RESERVED: ReadonlySet<string> = new Set([
  'sequence_id',
  'sequence_start',
  'sequence_end',
  'priority',
  'timeout',
  'headers',
  'binary_data_output',
  'non_finite',
])

/** Triton keeps all names that begin so for itself. */
const RESERVED_PREFIX = 'triton_'
/** The one of those that clients may set, Triton's gRPC clients do: it is about the answer of a stream. */
export const EMPTY_FINAL_RESPONSE = 'triton_enable_empty_final_response'

export function isReservedParameter(name: string): boolean {
  return RESERVED.has(name) || name.startsWith(RESERVED_PREFIX)
}

export function reservedParameter(place: string): ServingError {
  return new ServingError(
    'invalid_argument',
    `${place} is reserved: 'headers' and names that begin with '${RESERVED_PREFIX}' cannot be set; choose another name`,
    { reason: 'parameter' },
  )
}

export function reservedHeader(name: string): ServingError {
  return new ServingError(
    'invalid_argument',
    `header '${name}' would be forwarded as a parameter, and that name is reserved; leave it out, or narrow the pattern of forwarded headers`,
    { reason: 'parameter' },
  )
}

export function badParameter(place: string, expected: string, value: unknown): ServingError {
  return new ServingError('invalid_argument', `${place} is ${shown(value)}, expected ${expected}`, {
    reason: 'parameter',
  })
}

const MAX_SHOWN_CHARACTERS = 80

function shown(value: unknown): string {
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'object' && value !== null) return 'an object'
  if (typeof value !== 'string') return String(value)
  return JSON.stringify(
    value.length <= MAX_SHOWN_CHARACTERS ? value : `${value.slice(0, MAX_SHOWN_CHARACTERS)}…`,
  )
}
