import { isUtf8 } from 'node:buffer'
import { ServingError } from '../../../worker/contract/errors.ts'
import { tensorToBytes } from '../../../worker/contract/tensor-to-bytes.ts'
import { tensorToJson, type NonFinite } from '../../../worker/contract/tensor-to-json.ts'
import type { Tensor } from '../../../worker/contract/tensor.ts'
import { textOf } from '../../../worker/contract/text.ts'
import type { InferenceResponse } from '../../core/data-plane.ts'
import { handlerHeaders } from '../kernel/handler-headers.ts'
import type { Answer } from '../kernel/transport.ts'
import { JSON_LENGTH_HEADER } from './body-blocks.ts'
import type { Classify } from './classified-outputs.ts'
import type { InferRequest } from './infer-request.ts'

export type AnswerStyle = Pick<InferRequest, 'id' | 'outputs' | 'isBinaryByDefault'> & {
  readonly nonFinite: NonFinite
}

export type AnswerOptions = { readonly style: AnswerStyle; readonly classify: Classify }

/** An output as it is written: its description, and its elements in the JSON or behind it. */
type WrittenOutput = { readonly json: string; readonly block?: Uint8Array }

/**
 * An answer in the protocol's words. Elements that were asked for as bytes follow the JSON back to back, in the order
 * of the outputs, and are not copied.
 *
 * @throws ServingError for an error that a handler chose by its status
 */
export function answerFrom(response: InferenceResponse, { style, classify }: AnswerOptions): Answer {
  refuseErrorStatus(response)
  const { payload, status = 200 } = response
  const outputs =
    payload.kind === 'bytes'
      ? [bytesOutput(payload.bytes)]
      : classify(payload.tensors).map((tensor) => tensorOutput(tensor, style))
  const json = `${headOf(response, style.id)},"outputs":[${outputs.map((output) => output.json).join(',')}]}`
  const own = handlerHeaders(response.headers)
  const blocks = outputs.flatMap(({ block }) => block ?? [])
  if (blocks.length === 0) {
    own['content-type'] = 'application/json'
    return { status, headers: own, body: json }
  }
  const head = Buffer.from(json)
  own['content-type'] = 'application/octet-stream'
  own[JSON_LENGTH_HEADER] = String(head.byteLength)
  return { status, headers: own, body: [head, ...blocks] }
}

function headOf({ model, payload }: InferenceResponse, id: string | undefined): string {
  const parameters = payload.kind === 'tensors' ? payload.parameters : undefined
  const head = { id, model_name: model.name, model_version: model.version, parameters }
  return JSON.stringify(head).slice(0, -1)
}

function tensorOutput(tensor: Tensor, style: AnswerStyle): WrittenOutput {
  const { name, dtype, shape } = tensor
  const head = JSON.stringify({ name, datatype: dtype, shape })
  if (isBinary(name, style)) return binaryOutput(head, tensorToBytes(tensor))
  const data = tensorToJson(tensor, { flat: true, bigIntegers: 'digits', nonFinite: style.nonFinite })
  return { json: `${head.slice(0, -1)},"data":${data}}` }
}

/** As Triton: an output that is named speaks for itself. */
function isBinary(name: string, { outputs, isBinaryByDefault }: AnswerStyle): boolean {
  if (outputs === undefined) return isBinaryByDefault
  return outputs.some((output) => output.name === name && output.isBinary)
}

function binaryOutput(head: string, block: Uint8Array): WrittenOutput {
  return { json: `${head.slice(0, -1)},"parameters":{"binary_data_size":${block.byteLength}}}`, block }
}

/** What a handler answered instead of tensors: one string. Bytes that are no text cannot be in JSON. */
function bytesOutput(bytes: Uint8Array): WrittenOutput {
  const head = { name: 'output', datatype: 'BYTES', shape: [1] }
  if (isUtf8(bytes)) return { json: JSON.stringify({ ...head, data: [textOf(bytes)] }) }
  const length = Buffer.alloc(4)
  length.writeUInt32LE(bytes.byteLength)
  return binaryOutput(JSON.stringify(head), Buffer.concat([length, bytes]))
}

const FIRST_ERROR_STATUS = 400

/** @throws ServingError for an error that a handler chose by its status */
export function refuseErrorStatus({ status, payload }: InferenceResponse): void {
  if (status === undefined || status < FIRST_ERROR_STATUS) return
  const text = payload.kind === 'bytes' ? textOf(payload.bytes) : ''
  const code = status < 500 ? 'invalid_argument' : 'internal'
  throw new ServingError(code, text === '' ? `the handler answered with status ${status}` : text, {
    reason: 'handler_status',
    status,
  })
}
