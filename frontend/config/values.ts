/** How one kind of setting is read from text and shown to people. */
export type ValueKind<T> = {
  /** What is accepted, for messages and the documentation. */
  readonly expected: string
  /** Undefined when the text is not acceptable. */
  parse(text: string): T | undefined
  format(value: T): string
}

/** Where a listener listens. `port` 0 lets the operating system choose one. */
export type ListenAddress = { readonly host: string; readonly port: number }

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

export function choice<const T extends string>(...options: readonly T[]): ValueKind<T> {
  return {
    expected: options.join(' | '),
    parse: (text) => options.find((option) => option === text),
    format: String,
  }
}

export const toggle: ValueKind<boolean> = {
  expected: 'true | false',
  parse: (text) => (text === 'true' ? true : text === 'false' ? false : undefined),
  format: String,
}

/** A file system path; relative ones are resolved against the working directory when all sources are merged. */
export const path: ValueKind<string> = {
  expected: 'a path',
  parse: (text) => (text === '' || text.includes('\0') ? undefined : text),
  format: String,
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

/** `http://host[:port]`, as TorchServe writes it; IPv6 in brackets. */
export function httpAddress(defaultPort: number): ValueKind<ListenAddress> {
  return {
    expected: 'http://host:port, port from 0 (any free one) to 65535',
    parse: (text) => addressFromText(text, defaultPort),
    format: ({ host, port }) => `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
  }
}

function addressFromText(text: string, defaultPort: number): ListenAddress | undefined {
  const match = /^http:\/\/(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?\/?$/.exec(text)
  if (match?.[1] === undefined) return undefined
  const port = match[2] === undefined ? defaultPort : Number(match[2])
  return port <= 65_535 ? { host: match[1].replace(/^\[|\]$/g, ''), port } : undefined
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
