import { isReservedParameter, reservedHeader } from './parameter-names.ts'

/** Headers as Node.js has them, or gRPC's metadata: lower-case names. */
export type RequestHeaders = Readonly<Record<string, string | readonly string[] | undefined>>

/**
 * The headers whose names the pattern finds, as parameters of the request; a header that came several times is one
 * text.
 *
 * @throws ServingError `invalid_argument` for a header that would pass for a parameter of the protocol
 */
export function forwardedHeaders(pattern: RegExp, headers: RequestHeaders): [name: string, value: string][] {
  return Object.entries(headers).flatMap(([name, value]) => {
    if (value === undefined || !pattern.test(name)) return []
    if (isReservedParameter(name)) throw reservedHeader(name)
    return [[name, typeof value === 'string' ? value : value.join(', ')] as [string, string]]
  })
}
