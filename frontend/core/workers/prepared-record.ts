import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PREPARED_GRAPH, PREPARED_WEIGHTS, type RunComparison } from '../../../worker/contract/preparation.ts'

/** What is known of one prepared graph; kept beside it as JSON. */
export type PreparedRecord = {
  /** As they were written; another change time or size is another file. */
  readonly files: readonly FileMark[]
  readonly originalLoadMs: number
  /** By the number of threads that a run has. */
  readonly comparisons: Readonly<Record<number, Comparison>>
  /** Why there is no graph: it is not tried again. */
  readonly error?: string
}

type FileMark = { readonly name: string; readonly bytes: number; readonly changedAtMs: number }

type Comparison = {
  readonly prepackedLoadMs: number
  readonly plainLoadMs: number
  readonly runs: readonly RunComparison[]
}

export type FoundRecord =
  | { readonly kind: 'absent' }
  | { readonly kind: 'damaged'; readonly reason: string }
  | { readonly kind: 'valid'; readonly record: PreparedRecord }

const RECORD = 'prepared.json'
/** Another number is another form of record: what an older server wrote is made anew. */
const FORMAT = 1

export async function writeRecord(directory: string, record: PreparedRecord): Promise<PreparedRecord> {
  await writeFile(join(directory, RECORD), JSON.stringify({ format: FORMAT, ...record }), { mode: 0o600 })
  return record
}

export async function readRecord(directory: string): Promise<FoundRecord> {
  const text = await readFile(join(directory, RECORD), 'utf8').catch(() => undefined) // absent: nothing was prepared
  if (text === undefined) return { kind: 'absent' }
  const record = recordFrom(text)
  if (record === undefined) return { kind: 'damaged', reason: `${RECORD} is not readable` }
  const files = await filesOf(directory)
  if (JSON.stringify(files) !== JSON.stringify(record.files)) {
    return { kind: 'damaged', reason: 'its files are not as they were written' }
  }
  return { kind: 'valid', record }
}

/** The files of a prepared graph that are there. */
export async function filesOf(directory: string): Promise<readonly FileMark[]> {
  const marks = await Promise.all([PREPARED_GRAPH, PREPARED_WEIGHTS].map((name) => markOf(directory, name)))
  return marks.filter((mark) => mark !== undefined)
}

async function markOf(directory: string, name: string): Promise<FileMark | undefined> {
  const found = await stat(join(directory, name)).catch(() => undefined) // absent: small weights stay in the graph
  return found === undefined ? undefined : { name, bytes: found.size, changedAtMs: found.ctimeMs }
}

function recordFrom(text: string): PreparedRecord | undefined {
  try {
    const { format, ...record } = JSON.parse(text) as PreparedRecord & { readonly format: number } // checked below
    return format === FORMAT && Array.isArray(record.files) ? record : undefined
  } catch {
    return undefined // cut short, or not ours
  }
}
