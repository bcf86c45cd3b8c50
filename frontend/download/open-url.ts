import { lookup } from 'node:dns/promises'
import { request as requestHttp, type IncomingMessage } from 'node:http'
import { request as requestHttps } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { allowedBy, shownUrl, type AllowedUrl } from './allow-list.ts'
import { downloadFailed, notAllowed } from './errors.ts'
import { addressProblem } from './public-address.ts'

/** Every address of a host. Asked once for each connection. */
export type Resolve = (host: string) => Promise<readonly string[]>

export type OpenOptions = {
  readonly allowed: readonly AllowedUrl[]
  readonly allowPrivateAddresses: boolean
  readonly resolve: Resolve
  /** Ends the fetch. */
  readonly signal: AbortSignal
}

const MAX_REDIRECTS = 3
const REDIRECTS: readonly unknown[] = [301, 302, 303, 307, 308]

export const systemResolve: Resolve = async (host) =>
  (await lookup(host, { all: true, verbatim: true })).map(({ address }) => address)

/**
 * Asks for an address, and follows redirects, each checked like the first.
 *
 * @returns an answer of status 200, whose body is yet to be read
 * @throws ServingError `permission_denied` before any connection that policy forbids | `invalid_argument`
 */
export async function openUrl(url: URL, options: OpenOptions): Promise<IncomingMessage> {
  let current = url
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    allowedBy(current, options.allowed)
    const response = await get(current, await vettedAddress(current, options), options.signal)
    const next = redirectOf(response, current)
    if (next === undefined) return checked(response, current)
    response.destroy()
    current = next
  }
  throw downloadFailed(shownUrl(url), new Error(`it is redirected more than ${MAX_REDIRECTS} times`))
}

/**
 * The one address to connect to. A name is resolved here and never again, so that it cannot be another one when the
 * connection is made; one bad address among several refuses them all.
 */
async function vettedAddress(url: URL, options: OpenOptions): Promise<string> {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const addresses = isIP(host) === 0 ? await resolved(host, url, options) : [host]
  for (const address of addresses) {
    const problem = addressProblem(address, options.allowPrivateAddresses)
    if (problem !== undefined) throw notAllowed(shownUrl(url), problem)
  }
  const [first] = addresses
  if (first === undefined) throw downloadFailed(shownUrl(url), new Error('its host has no address'))
  return first
}

/** Asking for a name cannot be stopped, only no longer be waited for. */
async function resolved(
  host: string,
  url: URL,
  { resolve, signal }: OpenOptions,
): Promise<readonly string[]> {
  signal.throwIfAborted()
  try {
    return await unlessAborted(resolve(host), signal)
  } catch (error) {
    if (signal.aborted) throw error
    throw downloadFailed(shownUrl(url), error)
  }
}

function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      reject(new Error('it took too long'))
    }
    signal.addEventListener('abort', abort)
    void work.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', abort)
    })
  })
}

function get(url: URL, address: string, signal: AbortSignal): Promise<IncomingMessage> {
  const family = isIP(address)
  const pinned: LookupFunction = (_host, { all }, callback) => {
    if (all === true) callback(null, [{ address, family }])
    else callback(null, address, family)
  }
  return new Promise((resolve, reject) => {
    // No agent: a connection that is kept would skip the address that was just vetted.
    const headers = { 'accept-encoding': 'identity', 'user-agent': 'onnxserve' }
    const options = { agent: false, lookup: pinned, signal, headers }
    const outgoing =
      url.protocol === 'https:' ? requestHttps(url, options, resolve) : requestHttp(url, options, resolve)
    // Kept for the whole answer: an error that nobody listens to would end the server.
    outgoing.on('error', reject)
    outgoing.end()
  })
}

function redirectOf({ statusCode, headers }: IncomingMessage, from: URL): URL | undefined {
  if (!REDIRECTS.includes(statusCode) || headers.location === undefined) return undefined
  if (!URL.canParse(headers.location, from.href)) return undefined
  return new URL(headers.location, from)
}

function checked(response: IncomingMessage, url: URL): IncomingMessage {
  const encoding = response.headers['content-encoding'] ?? 'identity'
  if (response.statusCode === 200 && encoding === 'identity') return response
  response.destroy()
  const problem =
    response.statusCode === 200 ? `it comes as ${encoding}` : `status ${response.statusCode ?? 0}`
  throw downloadFailed(shownUrl(url), new Error(problem))
}
