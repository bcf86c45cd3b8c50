import type { ValueKind } from './values.ts'

/** What may be fetched: everything of this scheme, host and port whose path lies at or under this one. */
export type AllowedUrl = {
  readonly protocol: 'http:' | 'https:' | 'file:'
  /** With its port where that is not the usual one; empty for files. */
  readonly host: string
  /** Decoded only as the URL standard does; starts with a slash. */
  readonly path: string
}

const PROTOCOLS: readonly string[] = ['http:', 'https:', 'file:']

/**
 * Addresses with their beginnings, separated by commas. TorchServe has regular expressions here, which match more
 * than people mean; one that says no more than a beginning, such as `https://models\.example/.*`, is understood.
 */
export const allowedUrls: ValueKind<readonly AllowedUrl[]> = {
  expected:
    'addresses such as https://models.example/onnx/ or file:///srv/models/, separated by commas; each allows what lies under it',
  parse: (text) => {
    const entries = items(text).flatMap(spellings)
    const urls = entries.flatMap((entry) => urlFromText(entry) ?? [])
    return urls.length === entries.length ? urls : undefined
  },
  explain: (text) => {
    const wrong = items(text).find((item) => spellings(item).some((each) => urlFromText(each) === undefined))
    return `${allowedUrls.expected}; '${wrong ?? text}' is a pattern that says more or less than a scheme, a host and the beginning of a path`
  },
  format: (urls) => urls.map(({ protocol, host, path }) => `${protocol}//${host}${path}`).join(','),
}

function items(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}

/** An expression as the plain addresses that it stands for, if it is a simple one. */
function spellings(item: string): string[] {
  const plain = item
    .replace(/^\^/, '')
    .replace(/\$$/, '')
    .replace(/\.\*$/, '')
    .replace(/\\([./-])/g, '$1')
  const optional = /^http(?:\(s\)|s)\?(:\/\/.*)$/.exec(plain)
  return optional?.[1] === undefined ? [plain] : [`http${optional[1]}`, `https${optional[1]}`]
}

/** The one place where brackets are no pattern. */
const IPV6_HOST = /^https?:\/\/\[[\da-f:.]+\](?=[:/]|$)/i

function urlFromText(text: string): AllowedUrl | undefined {
  const isPattern = /[\\*+?()[\]{}|^$\s]/.test(text.replace(IPV6_HOST, ''))
  if (isPattern || !URL.canParse(text)) return undefined
  const { protocol, host, pathname, username, password, hash } = new URL(text)
  const isWhole = PROTOCOLS.includes(protocol) && username === '' && password === '' && hash === ''
  // `file://` alone would be every file there is.
  const namesSomething = protocol === 'file:' ? host === '' && pathname !== '/' : host !== ''
  if (!isWhole || !namesSomething || /%2e|%2f|%5c/i.test(pathname)) return undefined
  return { protocol: protocol as AllowedUrl['protocol'], host, path: pathname } // one of the three
}
