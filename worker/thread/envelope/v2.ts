import { DATA_TYPES, isDataType } from '../../contract/data-type.ts'
import type { BatchResponse, ResponsePayload } from '../../contract/messages.ts'
import type { ModelId } from '../../contract/model-id.ts'
import { tensorFromJson } from '../../contract/tensor-from-json.ts'
import { tensorToJson } from '../../contract/tensor-to-json.ts'
import { elementCount, formatShape, type Tensor } from '../../contract/tensor.ts'
import type { HandlerRequest } from '../../handler.ts'
import { badEnvelope, type Envelope, type OpenedRequest } from './envelope.ts'
import { headOf, jsonFromAnswer } from './render.ts'

/**
 * KServe's V2 convention: `{"id", "inputs": [{"name", "shape", "datatype", "data"}]}` in, `outputs` of that form out.
 * Each request is one request for the handler, whose tensors are the inputs.
 */
export class V2Envelope implements Envelope {
  readonly #model: ModelId

  constructor(model: ModelId) {
    this.#model = model
  }

  open(request: HandlerRequest): OpenedRequest {
    const body = request.json() as { readonly id?: unknown; readonly inputs?: unknown } | null // looked at below
    const inputs: unknown = body?.inputs
    if (!Array.isArray(inputs) || inputs.length === 0) {
      throw badEnvelope(
        'kservev2',
        `has no list 'inputs', expected {"inputs": [{"name", "shape", "datatype", "data"}]}`,
      )
    }
    const tensors = inputs.map(tensorFromInput)
    const record = Object.fromEntries(tensors.map((tensor) => [tensor.name, tensor]))
    return {
      inner: [{ payload: { kind: 'tensors', tensors }, record: { value: record } }],
      seal: (answers) => this.#sealed(body?.id, answers),
    }
  }

  #sealed(id: unknown, answers: readonly BatchResponse[]): BatchResponse {
    const { name, version } = this.#model
    const head = JSON.stringify({
      ...(typeof id === 'string' ? { id } : {}),
      model_name: name,
      model_version: version,
    })
    const outputs = answers.flatMap(({ payload }) => outputsFromAnswer(payload))
    const text = `${head.slice(0, -1)},"outputs":[${outputs.join(',')}]}`
    return {
      ...headOf(answers),
      payload: { kind: 'bytes', contentType: 'application/json', bytes: Buffer.from(text) },
    }
  }
}

function tensorFromInput(input: unknown, index: number): Tensor {
  const { name, shape, datatype, data } = (input ?? {}) as Readonly<Record<string, unknown>> // looked at below
  const what = `inputs[${index}]`
  if (typeof name !== 'string') throw badEnvelope('kservev2', `has no text as ${what}.name`)
  if (!isDataType(datatype)) {
    const found = typeof datatype === 'string' ? `"${datatype.slice(0, 32)}"` : `no text`
    throw badEnvelope(
      'kservev2',
      `has ${found} as ${what}.datatype, expected one of ${DATA_TYPES.join(', ')}`,
    )
  }
  if (!isShape(shape)) throw badEnvelope('kservev2', `has no list of sizes as ${what}.shape`)
  if (!Array.isArray(data)) throw badEnvelope('kservev2', `has no list as ${what}.data`)
  const isNested = Array.isArray(data[0])
  const { tensor } = tensorFromJson({ name, dtype: datatype, shape: isNested ? shape : [-1] }, data)
  const count = tensor.data.length
  if (count !== elementCount(shape)) {
    throw badEnvelope(
      'kservev2',
      `has ${count} values in ${what}.data, its shape ${formatShape(shape)} needs ${elementCount(shape)}`,
    )
  }
  return { ...tensor, shape }
}

function isShape(shape: unknown): shape is number[] {
  return Array.isArray(shape) && shape.every((size) => Number.isSafeInteger(size) && Number(size) >= 0)
}

/** An answer that is no tensors is one string, as JSON if it is not text. */
function outputsFromAnswer(payload: ResponsePayload): string[] {
  if (payload.kind === 'tensors') return payload.tensors.map(outputFromTensor)
  const json = jsonFromAnswer(payload)
  const text = json.startsWith('"') ? (JSON.parse(json) as string) : json
  return [JSON.stringify({ name: 'output', datatype: 'BYTES', shape: [1], data: [text] })]
}

function outputFromTensor(tensor: Tensor): string {
  const { name, dtype, shape } = tensor
  const head = JSON.stringify({ name, datatype: dtype, shape })
  return `${head.slice(0, -1)},"data":${tensorToJson(tensor, { flat: true })}}`
}
