import { parseExactJson } from '../worker/contract/exact-json.ts'
import { isDataType } from '../worker/contract/data-type.ts'
import { binaryBody, bytesOfTensor, tensorFromBytes } from './binary-body.ts'
import type { Call, CallOptions, Reply } from './call.ts'
import { badAnswer, OnnxServeError } from './errors.ts'
import { jsonBody, tensorFromJson } from './json-body.ts'
import type { InputsOf, ModelSchema, OutputName, OutputsOf, OutputTensor, TensorSchemas } from './schema.ts'
import { wireTensor, type WireTensor } from './tensor-input.ts'

/** A value that a request hands to the model's handler, or that comes back beside the tensors. */
export type ParameterValue = boolean | number | string

export type InferOptions<Name extends string = string> = CallOptions & {
  /** Only these outputs; absent: all. */
  readonly outputs?: readonly Name[] | undefined
  /** Comes back with the answer. */
  readonly id?: string
  /** For the handler. `sequence_id`, `sequence_start`, `sequence_end` and `priority` are the server's own. */
  readonly parameters?: Readonly<Record<string, ParameterValue>>
  /** `binary` (default) sends the tensors' memory as it is; `json` can be read on its way. */
  readonly format?: 'binary' | 'json'
}

export type InferResult<S extends ModelSchema, Name extends OutputName<S> = OutputName<S>> = {
  readonly outputs: OutputsOf<S, Name>
  /** The version that has answered. */
  readonly modelVersion: string
  readonly id?: string
  readonly parameters?: Readonly<Record<string, ParameterValue>>
}

type Target = { readonly name: string; readonly version?: string }
type CallPath = (path: string, request: Omit<Call, 'url'>) => Promise<Reply>

const JSON_LENGTH_HEADER = 'inference-header-content-length'
const HEALTHY = 200
const NOT_READY = 503

/** One model of a server, at its default version or at the one of its schema. */
export class Model<S extends ModelSchema = ModelSchema> {
  readonly #target: Target | S
  readonly #call: CallPath
  #schema: Promise<ModelSchema> | undefined

  /** @param target a schema, or the name of a model whose schema the server is asked for */
  constructor(target: Target | S, call: CallPath) {
    this.#target = target
    this.#call = call
  }

  /** Whether it can answer now. @throws OnnxServeError `refused` with status 404 when there is no such model */
  async isReady(options?: CallOptions): Promise<boolean> {
    const reply = await this.#call(this.#path('/ready'), { method: 'GET', accepts: [NOT_READY], ...options })
    return reply.status === HEALTHY
  }

  /** What the server says of it now. */
  async metadata(options?: CallOptions): Promise<ModelSchema> {
    return schemaOf(parsed(await this.#call(this.#path(''), { method: 'GET', ...options })))
  }

  /**
   * Runs one request. All inputs share dimension 0, the rows; the outputs have as many.
   *
   * A request that was refused because the server is busy is sent again, not before the server wants it; so is one
   * without an answer, unless it is a part of a sequence.
   *
   * @throws OnnxServeError
   */
  async infer<Name extends OutputName<S> = OutputName<S>>(
    inputs: InputsOf<S>,
    options: InferOptions<Name> = {},
  ): Promise<InferResult<S, Name>> {
    const schema = await this.#schemaFor(options)
    const tensors = tensorsOf(schema.inputs, inputs)
    const { parameters } = options
    const reply = await this.#call(this.#path('/infer'), {
      method: 'POST',
      ...options,
      ...requestOf(tensors, { ...options, names: options.outputs }),
      isRepeatable: parameters?.['sequence_id'] === undefined,
    })
    return resultOf(reply) as InferResult<S, Name> // the server answers the outputs that were asked for
  }

  #path(suffix: string): string {
    const { name, version } = this.#target
    const model = `/v2/models/${encodeURIComponent(name)}`
    return version === undefined
      ? `${model}${suffix}`
      : `${model}/versions/${encodeURIComponent(version)}${suffix}`
  }

  /** Asked for once; again after a failure. */
  #schemaFor({ signal, timeoutMs, retries, headers }: CallOptions): Promise<ModelSchema> {
    const target = this.#target
    if ('inputs' in target) return Promise.resolve(target)
    this.#schema ??= this.metadata({ signal, timeoutMs, retries, headers }).catch((error: unknown) => {
      this.#schema = undefined
      throw error
    })
    return this.#schema
  }
}

/** @throws OnnxServeError `input` naming an input that is missing, unknown, or does not suit the schema */
function tensorsOf(schemas: TensorSchemas, inputs: Readonly<Record<string, unknown>>): WireTensor[] {
  const known = Object.keys(schemas).join(', ')
  for (const name of Object.keys(inputs)) {
    if (!Object.hasOwn(schemas, name)) {
      throw new OnnxServeError('input', `the model has no input '${name}'; its inputs are: ${known}`)
    }
  }
  return Object.entries(schemas).map(([name, schema]) => {
    if (!Object.hasOwn(inputs, name))
      throw new OnnxServeError('input', `input '${name}' is missing: ${known} are needed`)
    return wireTensor(name, schema, inputs[name])
  })
}

type Wanted = Pick<InferOptions, 'id' | 'parameters' | 'format' | 'headers'> & {
  readonly names: readonly string[] | undefined
}

function requestOf(tensors: readonly WireTensor[], wanted: Wanted): Pick<Call, 'body' | 'headers'> {
  const { names, id, parameters, format = 'binary', headers } = wanted
  const isBinary = format === 'binary'
  const outputs = names?.map((name) => (isBinary ? { name, parameters: { binary_data: true } } : { name }))
  const all = isBinary && outputs === undefined ? { ...parameters, binary_data_output: true } : parameters
  const head = { id, ...(all === undefined ? {} : { parameters: all }), outputs }
  if (!isBinary) {
    return { body: jsonBody(head, tensors), headers: { ...headers, 'content-type': 'application/json' } }
  }
  const blocks = tensors.map(bytesOfTensor)
  const described = tensors.map(({ name, dtype: datatype, shape }, index) => ({
    name,
    datatype,
    shape,
    parameters: { binary_data_size: blocks[index]?.byteLength ?? 0 },
  }))
  const { body, jsonBytes } = binaryBody({ ...head, inputs: described }, blocks)
  return {
    body,
    headers: {
      ...headers,
      'content-type': 'application/octet-stream',
      [JSON_LENGTH_HEADER]: String(jsonBytes),
    },
  }
}

type AnswerHead = {
  readonly model_version?: unknown
  readonly id?: string
  readonly parameters?: unknown
  readonly outputs?: unknown
}

function resultOf(reply: Reply) {
  const { head, blocks } = partsOf(reply)
  if (!Array.isArray(head.outputs)) throw badAnswer("has no list 'outputs'")
  const outputs: Record<string, OutputTensor> = {}
  let offset = 0
  for (const output of head.outputs as readonly AnsweredTensor[]) {
    const { name, datatype: dtype, shape, data, parameters } = output
    if (!isDataType(dtype)) throw badAnswer(`has datatype '${String(dtype)}'`)
    const size = parameters?.binary_data_size
    if (size === undefined) outputs[name] = tensorFromJson({ dtype, shape }, data)
    else {
      if (offset + size > blocks.byteLength) throw badAnswer(`ends before the data of '${name}'`)
      outputs[name] = tensorFromBytes({ dtype, shape }, blocks.subarray(offset, offset + size))
      offset += size
    }
  }
  return {
    outputs,
    modelVersion: String(head.model_version),
    ...(head.id === undefined ? {} : { id: head.id }),
    ...(head.parameters === undefined ? {} : { parameters: head.parameters }),
  }
}

/** By the protocol. */
type AnsweredTensor = {
  readonly name: string
  readonly datatype: unknown
  readonly shape: readonly number[]
  readonly data?: unknown
  readonly parameters?: { readonly binary_data_size?: number }
}

function partsOf({ headers, body }: Reply): {
  readonly head: AnswerHead
  readonly blocks: Uint8Array<ArrayBuffer>
} {
  const header = headers.get(JSON_LENGTH_HEADER)
  const jsonBytes = header === null ? body.byteLength : Number(header)
  if (!Number.isSafeInteger(jsonBytes) || jsonBytes > body.byteLength) {
    throw badAnswer(`has ${body.byteLength} bytes, and claims ${String(header)} of JSON`)
  }
  return { head: jsonObject(body.subarray(0, jsonBytes)), blocks: body.subarray(jsonBytes) }
}

function parsed({ body }: Reply): object {
  return jsonObject(body)
}

function jsonObject(bytes: Uint8Array): object {
  let value: unknown
  try {
    value = parseExactJson(new TextDecoder().decode(bytes), 'the answer')
  } catch {
    throw badAnswer('is not JSON')
  }
  if (typeof value !== 'object' || value === null) throw badAnswer('is no JSON object')
  return value
}

/** `{name, inputs: [{name, datatype, shape}], outputs: […]}` as a schema. */
function schemaOf(metadata: object): ModelSchema {
  const { name, inputs, outputs } = metadata as Readonly<Record<string, unknown>> // looked at below
  return { name: String(name), inputs: tensorSchemas(inputs), outputs: tensorSchemas(outputs) }
}

function tensorSchemas(list: unknown): TensorSchemas {
  if (!Array.isArray(list)) throw badAnswer('describes no tensors')
  return Object.fromEntries(
    (list as readonly AnsweredTensor[]).map(({ name, datatype: dtype, shape }) => {
      if (!isDataType(dtype)) throw badAnswer(`has datatype '${String(dtype)}'`)
      return [name, { dtype, shape }]
    }),
  )
}
