import { elementCount, type Tensor } from '../../../worker/contract/tensor.ts'
import { OnnxServeClient } from '../../../client/index.ts'
import { OnnxServeError } from '../../../client/errors.ts'
import { http } from '../../support/http-client.ts'
import { flatText, nestedText, parseJson, tensorFromElements, tensorFromNested } from './json-tensors.ts'
import { bytesOfTensor, tensorFromBytes } from './raw-tensors.ts'
import { failureOfStatus, type Inference, type Outcome, type Wire } from './wire.ts'

const JSON_HEADERS = { 'content-type': 'application/json' }

/** Nested arrays say the shape themselves, up to the first empty one. */
const emptyBeforeLast = (inputs: readonly Tensor[]) =>
  inputs.some(({ shape }) => shape.slice(0, -1).includes(0))
    ? 'nested arrays do not tell the dimensions inside an empty one'
    : undefined

export const PREDICTIONS: Wire = {
  name: 'POST /predictions, JSON',
  cannotCarry: emptyBeforeLast,
  infer: async ({ http: url }, { model, version, inputs, outputs }) => {
    const body = `{${inputs.map((input) => `"${input.name}":${nestedText(input)}`).join(',')}}`
    const path = version === undefined ? model : `${model}/${version}`
    const { status, text } = await http(`${url}/predictions/${path}`, { body, headers: JSON_HEADERS })
    if (status !== 200) return failureOfStatus(status, text)
    return fromRecord(outputs, parseJson(text))
  },
}

function fromRecord(outputs: Inference['outputs'], answer: unknown): Outcome {
  const values = answer as Readonly<Record<string, unknown>>
  return { ok: true, outputs: outputs.map((output) => tensorFromNested(output, values[output.name])) }
}

function inferUrl(url: string, { model, version }: Inference): string {
  return `${url}/v2/models/${model}${version === undefined ? '' : `/versions/${version}`}/infer`
}

type V2Answer = {
  readonly outputs: readonly {
    readonly name: string
    readonly datatype: Tensor['dtype']
    readonly shape: readonly number[]
    readonly data: readonly unknown[]
    readonly parameters?: { readonly binary_data_size?: number }
  }[]
}

export const V2_JSON: Wire = {
  name: 'V2 REST, JSON',
  cannotCarry: () => undefined,
  infer: async ({ http: url }, inference) => {
    const inputs = inference.inputs.map((input) => {
      const { name, dtype, shape } = input
      return `{"name":"${name}","datatype":"${dtype}","shape":[${shape.join(',')}],"data":${flatText(input)}}`
    })
    const body = `{"inputs":[${inputs.join(',')}]}`
    const { status, text } = await http(inferUrl(url, inference), { body, headers: JSON_HEADERS })
    if (status !== 200) return failureOfStatus(status, text)
    const { outputs } = parseJson(text) as V2Answer
    return {
      ok: true,
      outputs: outputs.map(({ datatype: dtype, data, ...rest }) =>
        tensorFromElements({ ...rest, dtype }, data),
      ),
    }
  },
}

export const V2_BINARY: Wire = {
  name: 'V2 REST, binary',
  cannotCarry: () => undefined,
  infer: async ({ http: url }, inference) => {
    const blocks = inference.inputs.map(bytesOfTensor)
    const head = Buffer.from(
      JSON.stringify({
        parameters: { binary_data_output: true },
        inputs: inference.inputs.map(({ name, dtype: datatype, shape }, index) => ({
          name,
          datatype,
          shape,
          parameters: { binary_data_size: blocks[index]?.byteLength },
        })),
      }),
    )
    const response = await fetch(inferUrl(url, inference), {
      method: 'POST',
      body: Buffer.concat([head, ...blocks]),
      headers: { 'inference-header-content-length': String(head.byteLength) },
    })
    const bytes = Buffer.from(await response.arrayBuffer())
    if (response.status !== 200) return failureOfStatus(response.status, bytes.toString())
    const headBytes = Number(response.headers.get('inference-header-content-length'))
    const { outputs } = JSON.parse(bytes.subarray(0, headBytes).toString()) as V2Answer
    let offset = headBytes
    return {
      ok: true,
      outputs: outputs.map(({ name, datatype: dtype, shape, parameters }) => {
        const start = offset
        offset += parameters?.binary_data_size ?? 0
        return tensorFromBytes({ name, dtype, shape }, bytes.subarray(start, offset))
      }),
    }
  },
}

/** @param format of the bodies */
export function clientWire(format: 'binary' | 'json'): Wire {
  return {
    name: `onnxserve/client, ${format}`,
    cannotCarry: () => undefined,
    infer: async ({ http: url }, { model, version, inputs }) => {
      try {
        const feeds = Object.fromEntries(inputs.map(({ name, shape, data }) => [name, { shape, data }]))
        const answer = await new OnnxServeClient(url)
          .model(model, version)
          .infer(feeds, { format, retries: 0 })
        return {
          ok: true,
          outputs: Object.entries(answer.outputs).map(([name, output]) => ({ name, ...output }) as Tensor),
        }
      } catch (error) {
        if (!(error instanceof OnnxServeError) || error.status === undefined) throw error
        return failureOfStatus(error.status, JSON.stringify({ error: error.message }))
      }
    },
  }
}

const rowsDiffer = (inputs: readonly Tensor[]) =>
  inputs.some(({ shape }) => shape.length === 0) ? 'an instance is a row, and a scalar has none' : undefined

export const TFS_ROWS: Wire = {
  name: 'TF Serving REST, rows',
  cannotCarry: (inputs) =>
    inputs.some(({ shape }) => shape[0] === 0)
      ? '`instances` must not be empty'
      : (rowsDiffer(inputs) ?? emptyBeforeLast(inputs)),
  infer: async ({ http: url }, inference) => {
    const { inputs, outputs } = inference
    const rows = inputs[0]?.shape[0] ?? 0
    const instances = Array.from({ length: rows }, (_, row) => {
      const members = inputs.map((input) => `"${input.name}":${nestedText(rowOf(input, row))}`)
      return `{${members.join(',')}}`
    })
    const { status, text } = await http(predictUrl(url, inference), {
      body: `{"instances":[${instances.join(',')}]}`,
      headers: JSON_HEADERS,
    })
    if (status !== 200) return failureOfStatus(status, text)
    const { predictions } = parseJson(text) as { readonly predictions: readonly unknown[] }
    const columns = outputs.map((output) => [
      output.name,
      outputs.length === 1
        ? predictions
        : predictions.map((row) => (row as Readonly<Record<string, unknown>>)[output.name]),
    ])
    return fromRecord(outputs, Object.fromEntries(columns))
  },
}

function rowOf(tensor: Tensor, row: number): Tensor {
  const shape = tensor.shape.slice(1)
  const size = elementCount(shape)
  return { ...tensor, shape, data: tensor.data.slice(row * size, (row + 1) * size) } as Tensor // of its own type
}

export const TFS_COLUMNS: Wire = {
  name: 'TF Serving REST, columns',
  cannotCarry: emptyBeforeLast,
  infer: async ({ http: url }, inference) => {
    const { inputs, outputs } = inference
    const members = inputs.map((input) => `"${input.name}":${nestedText(input)}`)
    const { status, text } = await http(predictUrl(url, inference), {
      body: `{"inputs":{${members.join(',')}}}`,
      headers: JSON_HEADERS,
    })
    if (status !== 200) return failureOfStatus(status, text)
    const answer = (parseJson(text) as { readonly outputs: unknown }).outputs
    return fromRecord(outputs, outputs.length === 1 ? { [outputs[0]?.name ?? '']: answer } : answer)
  },
}

function predictUrl(url: string, { model, version }: Inference): string {
  return `${url}/v1/models/${model}${version === undefined ? '' : `/versions/${version}`}:predict`
}
