import { lookup } from 'node:dns/promises'
import ipaddr from 'ipaddr.js'
import { securityConfigError } from './errors.ts'

/** Where a listener is asked to listen. */
export type ListenerRequest = {
  /** The setting that holds the address, for messages. */
  readonly setting: string
  /** A name or an address; absent for a unix socket, which only this machine reaches. */
  readonly host?: string
  /** Whether each request needs a token there. */
  readonly asksForTokens: boolean
  /** Whether the server asks for tokens elsewhere, and leaves this listener open as TorchServe does. */
  readonly isOpenAsInTorchServe?: boolean
  /** Whether the connection is encrypted. */
  readonly encrypted: boolean
  /** Whether each client has to show a certificate. */
  readonly asksForCertificates: boolean
}

export type ListenerDecision = {
  /** What to bind, resolved once: binding the name could reach another address than the one that was checked. */
  readonly host?: string
  /** Only this machine reaches it. */
  readonly isLocal: boolean
  readonly warnings: readonly string[]
}

export type ListenerPolicyOptions = {
  readonly allowUnauthenticatedExposure: boolean
  /** All addresses of a name, in the order in which the system prefers them. */
  readonly resolve?: (host: string) => Promise<readonly string[]>
}

/**
 * The one policy of all listeners: whoever can be reached from other machines asks who calls.
 *
 * @throws ServingError `invalid_argument` for a listener that anybody could use
 */
export async function listenerPolicy(
  request: ListenerRequest,
  { allowUnauthenticatedExposure, resolve = systemAddresses }: ListenerPolicyOptions,
): Promise<ListenerDecision> {
  const { setting, host, asksForTokens, asksForCertificates, encrypted } = request
  if (host === undefined) return { isLocal: true, warnings: [] }
  const addresses = await resolve(host)
  const [first] = addresses
  if (first === undefined) throw securityConfigError(`${setting}: the name '${host}' has no address`)
  if (addresses.every(isLoopback)) return { host: first, isLocal: true, warnings: [] }
  const isAuthenticated = asksForTokens || asksForCertificates
  if (!isAuthenticated && !allowUnauthenticatedExposure) throw exposedWithoutTokens(request, host)
  const warning = warningFor(request)
  return { host: first, isLocal: false, warnings: warning === undefined ? [] : [warning] }

  function warningFor({ asksForTokens }: ListenerRequest): string | undefined {
    if (!isAuthenticated) return `${setting} is ${host}: other machines can use it without a token`
    if (asksForTokens && !encrypted) {
      return `${setting} is ${host} without TLS: tokens cross the network unencrypted; use https:// there`
    }
    return undefined
  }
}

export function isLoopback(address: string): boolean {
  return ipaddr.isValid(address) && ipaddr.process(address).range() === 'loopback'
}

function exposedWithoutTokens({ setting, isOpenAsInTorchServe = false }: ListenerRequest, host: string) {
  const [nobody, wayToTokens] = isOpenAsInTorchServe
    ? ['compatibility=torchserve asks for no token there', 'set compatibility=strict, which asks for one']
    : ['nothing asks them who they are', 'set token_file or token_authorization=on']
  return securityConfigError(
    `${setting} is ${host}, which other machines can reach, and ${nobody}; use 127.0.0.1, or ${wayToTokens}, ` +
      'or https:// with client_ca_file, or, if the network is trusted, allow_unauthenticated_exposure=true',
  )
}

async function systemAddresses(host: string): Promise<readonly string[]> {
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address)
  } catch {
    return [] // the caller names host and setting
  }
}
