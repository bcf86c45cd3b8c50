import type { RequestHead } from '../../core/data-plane.ts'
import { isReservedParameter, reservedHeader } from './parameter-names.ts'

/**
 * The headers whose names the pattern finds, as parameters of the request.
 *
 * @throws ServingError `invalid_argument` for a header that would pass for a parameter of the protocol
 */
export function forwardedHeaders(
  pattern: RegExp,
  headers: RequestHead['headers'],
): [name: string, value: string][] {
  return Object.entries(headers).flatMap(([name, value]) => {
    if (!pattern.test(name)) return []
    if (isReservedParameter(name)) throw reservedHeader(name)
    return [[name, value] as [string, string]]
  })
}
