import { notAllowed } from './errors.ts'

/** What may be fetched: everything of this scheme, host and port whose path lies at or under this one. */
export type AllowedUrl = {
  readonly protocol: string
  readonly host: string
  readonly path: string
}

/**
 * The first allowed address that an URL lies under. Nothing is resolved, opened or asked for before this has answered.
 *
 * @throws ServingError `permission_denied`
 */
export function allowedBy(url: URL, allowed: readonly AllowedUrl[]): AllowedUrl {
  const location = shownUrl(url)
  if (allowed.length === 0) throw notAllowed(location, 'allowed_urls is empty')
  if (url.username !== '' || url.password !== '')
    throw notAllowed(location, 'an address must not hold a password')
  // Whoever decodes a path once more would leave the directory by these.
  if (/%2e|%2f|%5c|%00/i.test(url.pathname)) throw notAllowed(location, 'its path holds an encoded separator')
  const found = allowed.find((each) => isUnder(url, each))
  if (found === undefined) throw notAllowed(location, 'it lies under none of the allowed_urls')
  return found
}

function isUnder({ protocol, host, pathname }: URL, allowed: AllowedUrl): boolean {
  if (protocol !== allowed.protocol || host !== allowed.host) return false
  const directory = allowed.path.endsWith('/') ? allowed.path : `${allowed.path}/`
  return pathname === allowed.path || pathname.startsWith(directory)
}

/** Without password, query and fragment, which may be secret: for messages, and for `describe`. */
export function shownUrl({ protocol, host, pathname }: URL): string {
  return `${protocol}//${host}${pathname}`
}
