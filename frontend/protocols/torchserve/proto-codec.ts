import type { RequestPayload, ResponsePayload } from '../../../worker/contract/messages.ts'
import type { ModelSelector } from '../../core/data-plane.ts'
import { jsonFromTensors } from './codec.ts'
import { badRequest } from './errors.ts'

/**
 * A decoded `PredictionsRequest`. Names as on the wire; the transport has checked the types.
 *
 * Example: `{ model_name: 'digits', model_version: '', input: [{ key: 'data', value: <png bytes> }] }`
 */
export type PredictionsRequest = {
  readonly model_name: string
  readonly model_version: string
  /** The entries of a map. */
  readonly input: readonly { readonly key: string; readonly value: Uint8Array }[]
  readonly sequence_id?: string
}

/** `PredictionResponse`; `status` carries the error of one message of a stream that goes on. */
export type PredictionResponse = {
  readonly prediction?: Uint8Array
  readonly sequence_id?: string
  readonly status?: object
}

/** A model by its name and, unless that is empty, its version. */
export function selectorFromGrpc(request: {
  readonly model_name?: string | undefined
  readonly model_version?: string | undefined
}): ModelSelector {
  const { model_name: name = '', model_version: version = '' } = request
  if (name === '') throw badRequest("the field 'model_name' is required: the name of a registered model")
  return version === '' ? { name } : { name, version }
}

/** Each entry of the map is one part without content type; of equal keys the last one counts, as in any map. */
export function payloadFromGrpc({ input }: PredictionsRequest): RequestPayload {
  const entries = new Map(input.map(({ key, value }) => [key, value]))
  return { kind: 'parts', parts: Array.from(entries, ([name, bytes]) => ({ name, bytes })) }
}

export function bytesOfInput({ input }: PredictionsRequest): number {
  return input.reduce((sum, { value }) => sum + value.byteLength, 0)
}

/** The bytes that the handler answered, or its tensors as the JSON that HTTP would carry. */
export function predictionBytes(payload: ResponsePayload): Uint8Array {
  return payload.kind === 'bytes' ? payload.bytes : Buffer.from(jsonFromTensors(payload.tensors))
}
