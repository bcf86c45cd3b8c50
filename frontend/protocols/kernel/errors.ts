import { ServingError } from '../../../worker/contract/errors.ts'

/* What is refused before a request has found its route. A dialect words it by `reason`. */

export function methodNotAllowed(method: string, path: string, allowed: readonly string[]): ServingError {
  return new ServingError(
    'unimplemented',
    `${method} is not possible on ${path}; use ${allowed.join(' or ')}`,
    { reason: 'method' },
  )
}

export function badHeader(name: string, value: string, expected: string): ServingError {
  return new ServingError('invalid_argument', `the header '${name}' is '${value}'; expected ${expected}`, {
    reason: 'request',
  })
}
