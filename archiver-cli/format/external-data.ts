import { open } from 'node:fs/promises'
import { posix } from 'node:path'
import { brokenArchive, brokenEntry, quote } from './archive-errors.ts'
import { entryNameProblem } from './entry-name.ts'
import { ProtobufFile } from './protobuf-fields.ts'
import type { Field } from './protobuf-fields.ts'

type Message =
  'model' | 'training' | 'function' | 'graph' | 'node' | 'attribute' | 'sparse' | 'tensor' | 'external'

/**
 * Which fields lead from a model to the tensors in it, however deep: initializers, constants, sparse tensors,
 * subgraphs of `If`, `Loop` and `Scan`, functions, training graphs. Every other field is skipped.
 *
 * @see https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */
const CHILDREN: Readonly<Record<Message, Readonly<Record<number, Message>>>> = {
  model: { 7: 'graph', 20: 'training', 25: 'function' },
  training: { 1: 'graph', 2: 'graph' },
  function: { 7: 'node', 11: 'attribute' },
  graph: { 1: 'node', 5: 'tensor', 15: 'sparse' },
  node: { 5: 'attribute' },
  attribute: { 5: 'tensor', 6: 'graph', 10: 'tensor', 11: 'graph', 22: 'sparse', 23: 'sparse' },
  sparse: { 1: 'tensor', 2: 'tensor' },
  tensor: { 13: 'external' },
  external: {},
}
/** protobuf's own limit of nesting. */
const MAX_DEPTH = 100
/** A few seconds of work. The largest exported graphs have some hundred thousand. */
const MAX_FIELDS = 10_000_000

/**
 * Lists the files beside an ONNX file that hold its weights, as the file names them: unchecked.
 *
 * Reads the graph itself instead of asking the engine, which would open those files.
 *
 * @throws ServingError `invalid_argument` when the file is no ONNX file.
 */
export async function externalDataLocations(path: string): Promise<ReadonlySet<string>> {
  const file = await open(path, 'r')
  try {
    const walk = new ExternalDataWalk(new ProtobufFile(file))
    await walk.visit('model', { start: 0, end: (await file.stat()).size }, 0)
    return walk.locations
  } finally {
    await file.close()
  }
}

/** Why a location may not be used, or undefined: it must be a plain relative name, below the ONNX file. */
export function locationProblem(location: string): string | undefined {
  // The engine's own mark for "at this address in memory" is a location with asterisks.
  if (location.includes('*')) return 'has an asterisk in its name'
  return entryNameProblem(location)
}

/**
 * Checks that all external data of an extracted ONNX file lies in the archive.
 *
 * @throws ServingError `invalid_argument`
 */
export async function checkExternalData(
  extractedPath: string,
  inArchive: { readonly path: string; readonly files: ReadonlyMap<string, unknown> },
): Promise<void> {
  const directory = posix.dirname(inArchive.path)
  for (const location of await externalDataLocations(extractedPath)) {
    const problem = locationProblem(location)
    const isListed = inArchive.files.has(posix.join(directory, location))
    if (problem !== undefined) {
      throw brokenEntry(inArchive.path, `keeps weights in ${quote(location)}, which ${problem}`)
    }
    if (!isListed)
      throw brokenEntry(inArchive.path, `keeps weights in ${quote(location)}, which is not in the archive`)
  }
}

class ExternalDataWalk {
  readonly locations = new Set<string>()
  readonly #file: ProtobufFile
  #fields = 0

  constructor(file: ProtobufFile) {
    this.#file = file
  }

  async visit(message: Message, range: { start: number; end: number }, depth: number): Promise<void> {
    if (depth > MAX_DEPTH) throw brokenArchive('is nested too deeply for an ONNX file')
    if (message === 'external') return this.#readExternal(range)
    for await (const field of this.#file.fields(range.start, range.end)) {
      this.#count()
      const child = CHILDREN[message][field.number]
      if (child !== undefined && field.isBytes) await this.visit(child, field, depth + 1)
    }
  }

  /**
   * Reads one `StringStringEntryProto`. A key or value given twice is legal protobuf, where the last one wins; a
   * reader that took the first would differ, so all of them count.
   */
  async #readExternal(range: { start: number; end: number }): Promise<void> {
    const keys: string[] = []
    const values: string[] = []
    for await (const field of this.#file.fields(range.start, range.end)) {
      this.#count()
      if (isText(field)) (field.number === 1 ? keys : values).push(await this.#file.text(field))
    }
    if (keys.includes('location')) for (const value of values) this.locations.add(value)
  }

  #count(): void {
    this.#fields++
    if (this.#fields > MAX_FIELDS) throw brokenArchive(`has more than ${MAX_FIELDS} fields in its graph`)
  }
}

function isText(field: Field): boolean {
  return field.isBytes && (field.number === 1 || field.number === 2)
}
