import { isUtf8 } from 'node:buffer'
import type { ResponsePayload } from '../../../worker/contract/messages.ts'
import type { ModelId } from '../../../worker/contract/model-id.ts'
import { tensorToJson, type NonFinite } from '../../../worker/contract/tensor-to-json.ts'
import type { Tensor, TensorMetadata } from '../../../worker/contract/tensor.ts'
import { textOf } from '../../../worker/contract/text.ts'
import { isJsonObject } from './json-body.ts'

export type GenerateStyle = {
  readonly model: ModelId
  readonly id: string | undefined
  readonly nonFinite: NonFinite
  /** Of the model, read only where an answer is a text without a name. */
  readonly outputs: () => readonly TensorMetadata[]
}

/** What Triton's text models call it. */
const TEXT_OUTPUT = 'text_output'

/**
 * An answer, or a piece of one, as a flat object: outputs by their names, one value alone where it is only one.
 *
 *   {"model_name": "echo", "model_version": "1", "text_output": "Hello"}
 */
export function generateAnswer(payload: ResponsePayload, style: GenerateStyle): string {
  const { model, id } = style
  const head = JSON.stringify({ id, model_name: model.name, model_version: model.version })
  const members =
    payload.kind === 'tensors' ? tensorMembers(payload, style) : textMembers(payload.bytes, style)
  return `${head.slice(0, -1)}${members.map((member) => `,${member}`).join('')}}`
}

type TensorsAnswer = ResponsePayload & { readonly kind: 'tensors' }

function tensorMembers({ tensors, parameters = {} }: TensorsAnswer, { nonFinite }: GenerateStyle): string[] {
  return [
    ...Object.entries(parameters).map(([name, value]) => member(name, JSON.stringify(value))),
    ...tensors.map((tensor) => member(tensor.name, valuesText(tensor, nonFinite))),
  ]
}

function valuesText(tensor: Tensor, nonFinite: NonFinite): string {
  const list = tensorToJson(tensor, { flat: true, bigIntegers: 'digits', nonFinite })
  return tensor.data.length === 1 ? list.slice(1, -1) : list
}

/** A handler that writes bytes: the members of a JSON object, or one text. Bytes that are no text are base64. */
function textMembers(bytes: Uint8Array, { outputs }: GenerateStyle): string[] {
  const text = isUtf8(bytes) ? textOf(bytes) : Buffer.from(bytes).toString('base64')
  const object = objectFrom(text)
  if (object !== undefined) {
    return Object.entries(object).map(([name, value]) => member(name, JSON.stringify(value)))
  }
  const named = outputs().find(({ dtype }) => dtype === 'BYTES')
  return [member(named?.name ?? TEXT_OUTPUT, JSON.stringify(text))]
}

function objectFrom(text: string): Readonly<Record<string, unknown>> | undefined {
  if (!text.startsWith('{')) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return isJsonObject(value) ? value : undefined
  } catch {
    return undefined // a text that only begins like JSON
  }
}

function member(name: string, valueText: string): string {
  return `${JSON.stringify(name)}:${valueText}`
}
