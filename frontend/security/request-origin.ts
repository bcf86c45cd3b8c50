import type { IncomingHttpHeaders } from 'node:http'
import { isIP } from 'node:net'
import { foreignHost, foreignOrigin } from './errors.ts'

export type RequestOriginOptions = {
  /** Further names of the listener, in lower case, without ports. */
  readonly allowedHosts: readonly string[]
  /** Origins whose pages may send requests that change something; `*` for all. */
  readonly allowedOrigins: readonly string[]
}

export type RequestHead = { readonly method?: string | undefined; readonly headers: IncomingHttpHeaders }

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS'])
/** What browsers say of a request that a page of the same origin, or a person in the address bar, caused. */
const OWN_SITES = new Set(['same-origin', 'none'])

/**
 * Keeps web pages from using a listener through the browser of somebody who may use it: under a name that was
 * rebound to this machine, or by a request across origins. Programs send neither `Origin` nor `Sec-Fetch-Site`.
 */
export class RequestOriginCheck {
  /** Whether a foreign `Host` is refused: where being on this machine is what lets a caller in. */
  checksHost = true
  readonly #options: RequestOriginOptions
  /** The last accepted `Host`: clients send the same one again and again. */
  #acceptedHost: string | undefined

  constructor(options: RequestOriginOptions) {
    this.#options = options
  }

  /** @throws ServingError `permission_denied` */
  check({ method = '', headers }: RequestHead): void {
    // Every browser sends a Host; probes that speak HTTP/1.0 may not.
    const { host } = headers
    if (this.checksHost && host !== undefined && host !== this.#acceptedHost) {
      if (!this.#isOwnHost(host)) throw foreignHost(host)
      this.#acceptedHost = host
    }
    const { origin } = headers
    const site = headers['sec-fetch-site']
    if (origin === undefined && site === undefined) return
    if (SAFE_METHODS.has(method) || this.#isOwnOrigin(origin, site, host)) return
    throw foreignOrigin(origin ?? `another site ('${String(site)}')`)
  }

  /** An address cannot be rebound; only names can. */
  #isOwnHost(host: string): boolean {
    const name = hostName(host)
    if (name === undefined) return false
    return (
      isIP(name) !== 0 ||
      name === 'localhost' ||
      name.endsWith('.localhost') ||
      this.#options.allowedHosts.includes(name)
    )
  }

  #isOwnOrigin(origin: string | undefined, site: string | string[] | undefined, host?: string): boolean {
    const { allowedOrigins } = this.#options
    if (origin !== undefined && (allowedOrigins.includes('*') || allowedOrigins.includes(origin))) return true
    if (typeof site === 'string') return OWN_SITES.has(site)
    return host !== undefined && (origin === `http://${host}` || origin === `https://${host}`)
  }
}

/** Without port, brackets and a final dot, in lower case; undefined when it is no host. */
function hostName(host: string): string | undefined {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::\d{1,5})?$/.exec(host)
  return (match?.[1] ?? match?.[2])?.toLowerCase().replace(/\.$/, '')
}
