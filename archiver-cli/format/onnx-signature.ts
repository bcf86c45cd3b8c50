import { open } from 'node:fs/promises'
import type { DataType } from '../../worker/contract/data-type.ts'
import type { Manifest } from './manifest.ts'
import { ProtobufFile } from './protobuf-fields.ts'
import type { Field } from './protobuf-fields.ts'

/** What a graph takes and answers; undefined where it holds something else than tensors of a type that is served. */
export type OnnxSignature = Readonly<Record<'inputs' | 'outputs', NonNullable<Manifest['inputs']>>>
type TensorMetadata = OnnxSignature['inputs'][number]

/** `TensorProto.DataType`. */
const DTYPE_OF: Readonly<Record<number, DataType>> = {
  1: 'FP32',
  2: 'UINT8',
  3: 'INT8',
  4: 'UINT16',
  5: 'INT16',
  6: 'INT32',
  7: 'INT64',
  8: 'BYTES',
  9: 'BOOL',
  10: 'FP16',
  11: 'FP64',
  12: 'UINT32',
  13: 'UINT64',
}

type Range = { readonly start: number; readonly end: number }

/**
 * Reads the inputs and outputs of an ONNX file without the engine. Its weights are skipped, so that it costs what
 * the graph costs. Initializers that are listed as inputs, as old exporters do, are no inputs.
 *
 * @returns undefined when one is no tensor, or of a type or rank that only the engine could say more about
 * @throws ServingError `invalid_argument` when the file is no ONNX file.
 * @see https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */
export function readOnnxSignature(path: string): Promise<OnnxSignature | undefined> {
  return readModel(path, (reader, model) => reader.read(model))
}

/**
 * The names of the inputs and outputs that a graph declares to be scalars. The engine does not tell them from those
 * without a declared shape, which take any.
 *
 * @throws ServingError `invalid_argument` when the file is no ONNX file.
 */
export function readScalarNames(path: string): Promise<ReadonlySet<string>> {
  return readModel(path, (reader, model) => reader.readScalarNames(model))
}

async function readModel<T>(
  path: string,
  read: (reader: SignatureReader, model: Range) => Promise<T>,
): Promise<T> {
  const file = await open(path, 'r')
  try {
    return await read(new SignatureReader(new ProtobufFile(file)), {
      start: 0,
      end: (await file.stat()).size,
    })
  } finally {
    await file.close()
  }
}

class SignatureReader {
  readonly #file: ProtobufFile
  readonly #initializers = new Set<string>()

  constructor(file: ProtobufFile) {
    this.#file = file
  }

  async read(model: Range): Promise<OnnxSignature | undefined> {
    const inputs: (TensorMetadata | undefined)[] = []
    const outputs: (TensorMetadata | undefined)[] = []
    const graph = (await this.#all(model, 7)).at(-1)
    if (graph === undefined) return undefined
    for await (const field of this.#file.fields(graph.start, graph.end)) {
      if (field.number === 5) this.#initializers.add(await this.#nameIn(field, 8))
      if (field.number === 15) await this.#addSparse(field)
      if (field.number === 11) inputs.push(await this.#value(field))
      if (field.number === 12) outputs.push(await this.#value(field))
    }
    const taken = inputs.filter((input) => input === undefined || !this.#initializers.has(input.name))
    const isKnown = (each: TensorMetadata | undefined) => each !== undefined
    if (!taken.every(isKnown) || !outputs.every(isKnown)) return undefined
    return { inputs: taken, outputs }
  }

  async readScalarNames(model: Range): Promise<ReadonlySet<string>> {
    const names = new Set<string>()
    const graph = (await this.#all(model, 7)).at(-1)
    if (graph === undefined) return names
    for await (const field of this.#file.fields(graph.start, graph.end)) {
      if (field.number !== 11 && field.number !== 12) continue
      const value = await this.#value(field)
      if (value?.shape.length === 0) names.add(value.name)
    }
    return names
  }

  async #addSparse(sparse: Field): Promise<void> {
    for (const values of await this.#all(sparse, 1)) this.#initializers.add(await this.#nameIn(values, 8))
  }

  /** A `ValueInfoProto`. */
  async #value(info: Field): Promise<TensorMetadata | undefined> {
    const [type] = await this.#all(info, 2)
    const [tensor] = type === undefined ? [] : await this.#all(type, 1)
    if (tensor === undefined) return undefined
    const [element] = await this.#all(tensor, 1)
    const [shape] = await this.#all(tensor, 2)
    const dtype = element === undefined ? undefined : DTYPE_OF[await this.#file.integer(element)]
    if (dtype === undefined || shape === undefined) return undefined
    return { name: await this.#nameIn(info, 1), dtype, shape: await this.#dimensions(shape) }
  }

  async #dimensions(shape: Field): Promise<(number | string)[]> {
    const dimensions: (number | string)[] = []
    for (const dimension of await this.#all(shape, 1)) {
      const [size] = await this.#all(dimension, 1)
      const name = await this.#nameIn(dimension, 2)
      const value = size === undefined ? -1 : await this.#file.integer(size)
      dimensions.push(name === '' ? (Number.isSafeInteger(value) ? value : -1) : name)
    }
    return dimensions
  }

  async #nameIn(message: Range, number: number): Promise<string> {
    const field = (await this.#all(message, number)).at(-1)
    return field?.isBytes === true ? this.#file.text(field) : ''
  }

  async #all(message: Range, number: number): Promise<Field[]> {
    const found: Field[] = []
    for await (const field of this.#file.fields(message.start, message.end)) {
      if (field.number === number) found.push(field)
    }
    return found
  }
}
