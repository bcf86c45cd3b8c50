import { isValidName } from '../../worker/contract/model-id.ts'

/** How one kind of setting is read from text and shown to people. */
export type ValueKind<T> = {
  /** What is accepted, for messages and the documentation. */
  readonly expected: string
  /** Undefined when the text is not acceptable. */
  parse(text: string): T | undefined
  /** What exactly is expected in the place of a text that was refused. Absent: {@link expected} says it all. */
  explain?(text: string): string
  format(value: T): string
}

/** Where a listener listens: a host and a port, 0 for one that the operating system chooses, or a unix socket. */
export type ListenAddress =
  { readonly host: string; readonly port: number; readonly tls?: true } | { readonly path: string }

/** Archives to register at start; a name without archive means the manifest's name. */
export type ModelSelection =
  | { readonly kind: 'none' }
  | { readonly kind: 'all' }
  | {
      readonly kind: 'list'
      readonly archives: readonly { readonly name?: string; readonly archive: string }[]
    }

export function integer(min: number, max: number, unit = ''): ValueKind<number> {
  return {
    expected: `an integer from ${min} to ${max}${unit === '' ? '' : ` ${unit}`}`,
    parse: (text) => {
      const value = /^-?\d+$/.test(text) ? Number(text) : Number.NaN
      return value >= min && value <= max ? value : undefined
    },
    format: String,
  }
}

/** A count that may be left to what there is. */
export function countOrAll(max: number, unit: string): ValueKind<number | 'all'> {
  const count = integer(0, max, unit)
  return {
    expected: `all, or ${count.expected}`,
    parse: (text) => (text === 'all' ? 'all' : count.parse(text)),
    format: String,
  }
}

export function choice<const T extends string>(...options: readonly T[]): ValueKind<T> {
  return {
    expected: options.join(' | '),
    parse: (text) => options.find((option) => option === text),
    format: String,
  }
}

export const toggle: ValueKind<boolean> = {
  expected: 'true | false',
  parse: (text) =>
    new Map([
      ['true', true],
      ['false', false],
    ]).get(text.toLowerCase()), // Java's, any case
  format: String,
}

/** Headers are told apart without their case; Node.js shows them in lower case. */
export const headerName: ValueKind<string> = {
  expected: 'the name of a request header',
  parse: (text) => (/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(text) ? text.toLowerCase() : undefined),
  format: String,
}

/** The text of a regular expression of JavaScript. */
export const pattern: ValueKind<string> = {
  expected: 'a regular expression',
  parse: (text) => (isPattern(text) ? text : undefined),
  format: String,
}

function isPattern(text: string): boolean {
  try {
    new RegExp(text)
    return text !== ''
  } catch {
    return false // said by the constructor in no other way
  }
}

/** A file system path; relative ones are resolved against the working directory when all sources are merged. */
export const path: ValueKind<string> = {
  expected: 'a path',
  parse: (text) => (text === '' || text.includes('\0') ? undefined : text),
  format: String,
}

export const pathList: ValueKind<readonly string[]> = {
  expected: 'paths, separated by commas',
  parse: (text) => {
    const paths = splitList(text)
    return text.includes('\0') ? undefined : paths
  },
  format: (paths) => paths.join(','),
}

/** The name of a model or of a version; none: `''`. */
export const modelName: ValueKind<string> = {
  expected: 'letters, digits, ".", "_" and "-", starting with a letter or digit',
  parse: (text) => (text === '' || isValidName(text) ? text : undefined),
  format: String,
}

/** What a header can carry, and a person can read. */
export const headerText: ValueKind<string> = {
  expected: 'printable ASCII characters',
  parse: (text) => (/^[\x20-\x7e]+$/.test(text) ? text : undefined),
  format: String,
}

export const hostNames: ValueKind<readonly string[]> = {
  expected: 'host names without ports, separated by commas',
  parse: (text) => {
    const names = splitList(text.toLowerCase())
    return names.every((name) => /^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$/.test(name)) ? names : undefined
  },
  format: (names) => names.join(','),
}

export const variableNames: ValueKind<readonly string[]> = {
  expected: 'names of environment variables, separated by commas',
  parse: (text) => {
    const names = splitList(text)
    return names.every((name) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) ? names : undefined
  },
  format: (names) => names.join(','),
}

export const modelSelection: ValueKind<ModelSelection> = {
  expected: 'none | all | archives of the model store separated by commas, each "file" or "name=file"',
  parse: (text) => {
    if (text === 'none' || text === 'all') return { kind: text }
    const archives = splitList(text).map(archiveFromText)
    const complete = archives.every(({ name, archive }) => name !== '' && archive !== '')
    return complete && archives.length > 0 ? { kind: 'list', archives } : undefined
  },
  format: (selection) =>
    selection.kind === 'list'
      ? selection.archives
          .map(({ name, archive }) => (name === undefined ? archive : `${name}=${archive}`))
          .join(',')
      : selection.kind,
}

/** The ports that TorchServe takes when an address has none. */
export type DefaultPorts = { readonly http: number; readonly https: number }

/** `http://host[:port]`, `https://host[:port]` or `unix:/path`, as TorchServe writes it; IPv6 in brackets. */
export function listenAddress(defaultPorts: DefaultPorts): ValueKind<ListenAddress> {
  return {
    expected: 'http://host:port or https://host:port, port from 0 (any free one) to 65535, or unix:/path',
    parse: (text) => unixAddress(text) ?? tcpAddress(text, defaultPorts),
    format: (address) => {
      if ('path' in address) return `unix:${address.path}`
      const { host, port, tls } = address
      return `${tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`
    },
  }
}

/** A name or an address without port; IPv6 with or without brackets. */
export const host: ValueKind<string> = {
  expected: 'a host name or an IP address, without scheme and port',
  parse: (text) => {
    const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([0-9A-Fa-f:]*:[0-9A-Fa-f:.]*|[A-Za-z0-9._-]+))$/.exec(text)
    return match?.[1] ?? match?.[2]
  },
  format: String,
}

/** The kernel's limit for the path of a unix socket, its closing zero included (macOS: 104). */
const MAX_SOCKET_PATH_BYTES = 104

function unixAddress(text: string): ListenAddress | undefined {
  const path = /^unix:(?:\/\/)?(\/[^\0]+)$/.exec(text)?.[1]
  return path === undefined || Buffer.byteLength(path) >= MAX_SOCKET_PATH_BYTES ? undefined : { path }
}

function tcpAddress(text: string, defaultPorts: DefaultPorts): ListenAddress | undefined {
  const match = /^(https?):\/\/(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?\/?$/.exec(text)
  if (match?.[2] === undefined) return undefined
  const tls = match[1] === 'https'
  const port = match[3] === undefined ? defaultPorts[tls ? 'https' : 'http'] : Number(match[3])
  if (port > 65_535) return undefined
  return { host: match[2].replace(/^\[|\]$/g, ''), port, ...(tls ? { tls } : {}) }
}

function archiveFromText(text: string): { name?: string; archive: string } {
  const equals = text.indexOf('=')
  if (equals === -1) return { archive: text }
  return { name: text.slice(0, equals).trim(), archive: text.slice(equals + 1).trim() }
}

function splitList(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}
