import { createRequire } from 'node:module'
import type { prettyFactory, PrettyOptions } from 'pino-pretty'
import { printable } from './printable.ts'

/** One line of the log for people on a terminal, made from its JSON line. */
export function prettyLines(): (line: string) => string {
  return linesWith({ colorize: true, translateTime: 'SYS:HH:MM:ss.l' })
}

/** The same for a file: without colours, and with whole ISO 8601 times in UTC. */
export function isoLines(): (line: string) => string {
  return linesWith({ colorize: false, translateTime: "UTC:yyyy-mm-dd'T'HH:MM:ss.l'Z'" })
}

type Look = Pick<PrettyOptions, 'colorize' | 'translateTime'>

function linesWith(look: Look): (line: string) => string {
  let format: ReturnType<typeof prettyFactory> | undefined
  return (line) => {
    format ??= formatOf(look)
    return format(withPrintableTexts(JSON.parse(line)))
  }
}

/** Loaded for the first line: a server that logs JSON starts without it. */
function formatOf(look: Look): ReturnType<typeof prettyFactory> {
  const pretty = createRequire(import.meta.url)('pino-pretty') as {
    readonly prettyFactory: typeof prettyFactory
  }
  return pretty.prettyFactory({
    ...look,
    singleLine: true,
    ignore: 'method,path,status,grpcStatus,ms',
    messageFormat: (log) => messageOf(log),
  })
}

/** A request reads as `POST /predictions/digits 200 1.3 ms`; anything else is its message. */
function messageOf({ msg, method, path, status, grpcStatus, ms }: Record<string, unknown>): string {
  if (msg !== 'request') return String(msg)
  return [method, path, status ?? grpcStatus, ms, 'ms'].map(String).join(' ')
}

/** Escapes controls in every text; a stack keeps its line breaks, because it is printed indented. */
function withPrintableTexts(value: unknown, key = ''): unknown {
  if (typeof value === 'string') return key === 'stack' ? printableLines(value) : printable(value)
  if (Array.isArray(value)) return value.map((element) => withPrintableTexts(element))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([name, member]) => [
    printable(name),
    withPrintableTexts(member, name),
  ])
  return Object.fromEntries(entries)
}

function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n')
}
