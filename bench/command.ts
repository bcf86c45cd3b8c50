import { parseArgs } from 'node:util'
import type { SuiteEntry } from './suites/all.ts'

export type Command = {
  readonly entries: readonly SuiteEntry[]
  readonly quick: boolean
  readonly flags: readonly string[]
  /** Where the results go as JSON. */
  readonly jsonDirectories: readonly string[]
  /** Whether the committed results and the document are written anew. */
  readonly writes: boolean
}

const ALL = 'all'
const DEFAULT_SUITE = 'overhead'

/** @throws when the arguments name a suite that is not among `known`, or an option that does not exist */
export function commandOf(args: readonly string[], known: readonly SuiteEntry[]): Command {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      write: { type: 'boolean' },
      json: { type: 'string', multiple: true, default: [] },
      flag: { type: 'string', multiple: true, default: [] },
    },
  })
  const names = positionals.length === 0 ? [DEFAULT_SUITE] : positionals
  return {
    entries: names.includes(ALL) ? known : names.map((name) => entryNamed(name, known)),
    quick: values.quick,
    flags: values.flag,
    jsonDirectories: values.json,
    // A run with flags answers a question about a setting; it is no measurement of the server as it comes.
    writes: values.write ?? (!values.quick && values.flag.length === 0),
  }
}

function entryNamed(name: string, known: readonly SuiteEntry[]): SuiteEntry {
  const entry = known.find(({ suite }) => suite.name === name)
  if (entry !== undefined) return entry
  const names = known.map(({ suite }) => suite.name).join(', ')
  throw new Error(`there is no suite '${name}'; the suites are ${names}, and '${ALL}' for all of them`)
}
