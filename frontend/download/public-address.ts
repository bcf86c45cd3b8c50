import ipaddr from 'ipaddr.js'

/** Reachable, but of the network or the machine that this server runs in. */
const PRIVATE_RANGES: readonly string[] = ['loopback', 'private', 'uniqueLocal', 'carrierGradeNat']

/** Addresses in public ranges that answer with secrets of the machine: Azure's platform. */
const METADATA_ADDRESSES: readonly string[] = ['168.63.129.16']

/** The obsolete `::a.b.c.d`, which some systems still route to `a.b.c.d`. */
const COMPATIBLE_V4 = ipaddr.IPv6.parseCIDR('::/96')

/**
 * Why nothing is fetched from an address, or undefined when it may be.
 *
 * Of all ranges only the public one is good: forms that wrap an IPv4 address (mapped, NAT64, 6to4, Teredo) are ranges
 * of their own, and so refused, but for the mapped one, which is judged as the address that it is.
 *
 * @param allowPrivate accepts loopback and private ranges; link-local stays refused: cloud metadata lives there.
 */
export function addressProblem(address: string, allowPrivate: boolean): string | undefined {
  if (!ipaddr.isValid(address)) return `'${address}' is no IP address`
  const parsed = ipaddr.process(address)
  if (METADATA_ADDRESSES.includes(parsed.toString())) return `${address} answers with secrets of the machine`
  const range = parsed.range()
  if (allowPrivate && PRIVATE_RANGES.includes(range)) return undefined
  if (range !== 'unicast') return `${address} is not a public address (${range})`
  const wrapsV4 = parsed instanceof ipaddr.IPv6 && parsed.match(COMPATIBLE_V4)
  return wrapsV4 ? `${address} wraps an IPv4 address` : undefined
}
