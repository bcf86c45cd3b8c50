import { ARRAY_OF, type DataType } from './data-type.ts'
import { alignUp, sectionBytes, type FrameBuilder } from './frame.ts'
import type {
  RequestPart,
  RequestPayload,
  ResponsePayload,
  TensorsAnswer,
  TensorsPayload,
} from './messages.ts'
import type { Mutable } from './mutable.ts'
import { tensorOfBlock } from './string-block.ts'
import { stringsFromBytes } from './string-elements.ts'
import { tensorToBytes } from './tensor-to-bytes.ts'
import { elementCount, type Tensor } from './tensor.ts'

/*
 * Payloads in two halves: their form, which is JSON, and their bytes, which are sections of a frame, in order. Members
 * of a batch mostly have one form, so that a frame tells it once.
 */

type PartForm = Omit<RequestPart, 'bytes'>
type TensorForm = { readonly name: string; readonly dtype: DataType; readonly shape: readonly number[] }
type FormOfTensors<T extends { readonly tensors: readonly Tensor[] }> = Omit<T, 'tensors'> & {
  readonly tensors: readonly TensorForm[]
}

export type RequestPayloadForm =
  { readonly kind: 'parts'; readonly parts: readonly PartForm[] } | FormOfTensors<TensorsPayload>

export type AnswerForm =
  { readonly kind: 'bytes'; readonly contentType?: string } | FormOfTensors<TensorsAnswer>

/** Hands out the sections of a frame, one after the other. */
export class SectionReader {
  readonly #buffer: ArrayBuffer
  readonly #byteLengths: readonly number[]
  #next = 0
  #offset = 0

  constructor(buffer: ArrayBuffer, byteLengths: readonly number[]) {
    this.#buffer = buffer
    this.#byteLengths = byteLengths
  }

  /** A view of the next section; it shares the frame's memory. */
  next(): Uint8Array<ArrayBuffer> {
    const byteLength = this.#byteLengths[this.#next++] ?? 0
    const bytes = sectionBytes(this.#buffer, { offset: this.#offset, byteLength })
    this.#offset = alignUp(this.#offset + byteLength)
    return bytes
  }
}

export function formOfRequestPayload(payload: RequestPayload): RequestPayloadForm {
  if (payload.kind === 'tensors') return formOfTensors(payload)
  return { kind: 'parts', parts: payload.parts.map(({ bytes: _, ...part }) => part) }
}

export function addRequestPayload(builder: FrameBuilder, payload: RequestPayload): void {
  if (payload.kind === 'tensors') addTensors(builder, payload.tensors)
  else for (const { bytes } of payload.parts) builder.add(bytes)
}

/** The bytes and tensors of the payload are views of the frame. */
export function requestPayloadOf(form: RequestPayloadForm, sections: SectionReader): RequestPayload {
  if (form.kind === 'parts')
    return { kind: 'parts', parts: form.parts.map((part) => partOf(part, sections.next())) }
  const tensors = form.tensors.map((tensor) => tensorOf(tensor, sections.next()))
  const payload: Mutable<TensorsPayload> = { kind: 'tensors', tensors }
  if (form.outputs !== undefined) payload.outputs = [...form.outputs]
  if (form.parameters !== undefined) payload.parameters = { ...form.parameters }
  return payload
}

export function formOfAnswer(payload: ResponsePayload): AnswerForm {
  if (payload.kind === 'tensors') return formOfTensors(payload)
  const { bytes: _, ...form } = payload
  return form
}

export function addAnswer(builder: FrameBuilder, payload: ResponsePayload): void {
  if (payload.kind === 'tensors') addTensors(builder, payload.tensors)
  else builder.add(payload.bytes)
}

/** The answer's bytes and tensors are views of the frame; strings stay in it, unmade. */
export function answerOf(form: AnswerForm, sections: SectionReader): ResponsePayload {
  if (form.kind === 'bytes') {
    const { contentType } = form
    const bytes = sections.next()
    return contentType === undefined ? { kind: 'bytes', bytes } : { kind: 'bytes', contentType, bytes }
  }
  const tensors = form.tensors.map((tensor) => unmade(tensor, sections.next()))
  return form.parameters === undefined
    ? { kind: 'tensors', tensors }
    : { kind: 'tensors', tensors, parameters: form.parameters }
}

/** Whether both have one form. Where that is hard to say, they have not. */
export function isOfSameForm(one: RequestPayload, other: RequestPayload): boolean {
  if (one.kind === 'parts') return other.kind === 'parts' && sameList(one.parts, other.parts, isSamePart)
  return (
    other.kind === 'tensors' &&
    one.outputs === other.outputs &&
    one.parameters === other.parameters &&
    sameList(one.tensors, other.tensors, isSameTensor)
  )
}

/** Whether both have one form. Where that is hard to say, they have not. */
export function isAnswerOfSameForm(one: ResponsePayload, other: ResponsePayload): boolean {
  if (one.kind === 'bytes') return other.kind === 'bytes' && one.contentType === other.contentType
  return (
    other.kind === 'tensors' &&
    one.parameters === other.parameters &&
    sameList(one.tensors, other.tensors, isSameTensor)
  )
}

function isSamePart(one: RequestPart, other: RequestPart): boolean {
  return one.name === other.name && one.contentType === other.contentType && one.fileName === other.fileName
}

function isSameTensor(one: Tensor, other: Tensor): boolean {
  return one.name === other.name && one.dtype === other.dtype && sameList(one.shape, other.shape, Object.is)
}

function sameList<T>(one: readonly T[], other: readonly T[], isSame: (a: T, b: T) => boolean): boolean {
  return (
    one.length === other.length &&
    one.every((each, index) => {
      const its = other[index]
      return its !== undefined && isSame(each, its)
    })
  )
}

function partOf({ name, contentType, fileName }: PartForm, bytes: Uint8Array): RequestPart {
  const part: Mutable<RequestPart> = { name, bytes }
  if (contentType !== undefined) part.contentType = contentType
  if (fileName !== undefined) part.fileName = fileName
  return part
}

function formOfTensors<T extends { readonly tensors: readonly Tensor[] }>(payload: T): FormOfTensors<T> {
  return {
    ...payload,
    tensors: payload.tensors.map(({ name, dtype, shape }) => ({ name, dtype, shape })),
  }
}

function addTensors(builder: FrameBuilder, tensors: readonly Tensor[]): void {
  for (const tensor of tensors) builder.add(tensorToBytes(tensor))
}

/** Most answers hand strings on to a client as they lie. */
function unmade(form: TensorForm, bytes: Uint8Array<ArrayBuffer>): Tensor {
  if (form.dtype !== 'BYTES') return tensorOf(form, bytes)
  return tensorOfBlock(form, { bytes, count: elementCount(form.shape) })
}

/** With a shape of its own: what a handler did to it would show in the other members of its form. */
function tensorOf({ name, dtype, shape: told }: TensorForm, bytes: Uint8Array<ArrayBuffer>): Tensor {
  const shape = [...told]
  if (dtype === 'BYTES') return { name, dtype, shape, data: stringsFromBytes(bytes) }
  const ArrayOfType = ARRAY_OF[dtype]
  const data = new ArrayOfType(
    bytes.buffer,
    bytes.byteOffset,
    bytes.byteLength / ArrayOfType.BYTES_PER_ELEMENT,
  )
  return { name, dtype, shape, data } as Tensor // data was made from dtype's own constructor
}
