import { stat, writeFile } from 'node:fs/promises'
import { openArchive } from '../archiver-cli/format/archive-reader.ts'
import { OnnxServeClient, type ModelSchema, type TensorSchema } from '../client/index.ts'
import { ServingError } from '../worker/contract/errors.ts'
import type { TensorMetadata } from '../worker/contract/tensor.ts'

export type ClientTypesOptions = {
  /** A model of the server at `url`, or the path of an archive. */
  readonly model: string
  readonly version?: string | undefined
  /** Of the server's inference address. */
  readonly url: string
  readonly token?: string | undefined
  /** File to write; absent: the text is printed. */
  readonly output?: string | undefined
}

/** Writes the schema of a model as TypeScript source. @returns what to print */
export async function clientTypes(options: ClientTypesOptions): Promise<string> {
  const { output } = options
  const isArchive = await stat(options.model).then(
    () => true,
    () => false,
  )
  const source = schemaSource(
    isArchive ? await schemaOfArchive(options.model) : await schemaOfServed(options),
  )
  if (output === undefined) return source
  await writeFile(output, source)
  return `wrote ${output}\n`
}

async function schemaOfServed({ model, version, url, token }: ClientTypesOptions): Promise<ModelSchema> {
  const client = new OnnxServeClient(url, token === undefined ? {} : { token })
  const schema = await client.model(model, version).metadata()
  return version === undefined ? schema : { ...schema, version }
}

/** @throws ServingError `invalid_argument` for an archive that was packed without opening its graph */
async function schemaOfArchive(path: string): Promise<ModelSchema> {
  const archive = await openArchive(path)
  await archive.close()
  const { model, inputs, outputs } = archive.manifest
  if (inputs === undefined || outputs === undefined) {
    throw new ServingError(
      'invalid_argument',
      `'${path}' does not say what its graph takes; pack it again, or name the model of a server that has it loaded`,
    )
  }
  return { name: model.modelName, inputs: schemasOf(inputs), outputs: schemasOf(outputs) }
}

function schemasOf(tensors: readonly TensorMetadata[]): Record<string, TensorSchema> {
  return Object.fromEntries(tensors.map(({ name, dtype, shape }) => [name, { dtype, shape }]))
}

/** A module that exports the schema under the model's name. */
export function schemaSource(schema: ModelSchema): string {
  const { name, version } = schema
  const lines = [
    `/* Written by: onnxserve client-types ${name}${version === undefined ? '' : ` --model-version ${version}`} */`,
    "import { modelSchema } from 'onnxserve/client'",
    '',
    `export const ${identifierOf(name)} = modelSchema({`,
    `  name: ${quoted(name)},`,
    ...(version === undefined ? [] : [`  version: ${quoted(version)},`]),
    '  inputs: {',
    ...Object.entries(schema.inputs).map(tensorLine),
    '  },',
    '  outputs: {',
    ...Object.entries(schema.outputs).map(tensorLine),
    '  },',
    '})',
  ]
  return `${lines.join('\n')}\n`
}

function tensorLine([name, { dtype, shape }]: [string, TensorSchema]): string {
  const dimensions = shape.map((size) => (typeof size === 'string' ? quoted(size) : String(size)))
  return `    ${quoted(name)}: { dtype: '${dtype}', shape: [${dimensions.join(', ')}] },`
}

/** A string of any characters as a literal; JSON's are TypeScript's, too. */
function quoted(text: string): string {
  return /^[\w ./:-]*$/.test(text) ? `'${text}'` : JSON.stringify(text)
}

/** `image-classifier.v2` is `imageClassifierV2`. */
function identifierOf(name: string): string {
  const identifier = name.replace(/[^A-Za-z0-9_$]+(.?)/g, (_, next: string) => next.toUpperCase())
  return /^[A-Za-z_$]/.test(identifier) && !RESERVED_WORDS.has(identifier)
    ? identifier
    : `model${upperFirst(identifier)}`
}

function upperFirst(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

const RESERVED_WORDS = new Set(
  (
    'await break case catch class const continue debugger default delete do else enum export extends false finally ' +
    'for function if implements import in instanceof interface let modelSchema new null package private protected ' +
    'public return static super switch this throw true try typeof var void while with yield'
  ).split(' '),
)
