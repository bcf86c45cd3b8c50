import { ARRAY_OF, type DataType } from './data-type.ts'
import { FrameBuilder, frameHeader, sectionBytes, type Section } from './frame.ts'
import type {
  BatchRequest,
  BatchResponse,
  BatchResult,
  BatchTiming,
  RequestPart,
  RequestPayload,
  ResponsePayload,
  TensorsAnswer,
  TensorsPayload,
  WorkerReply,
} from './messages.ts'
import { tensorOfBlock } from './string-block.ts'
import { stringsFromBytes } from './string-elements.ts'
import { tensorToBytes } from './tensor-to-bytes.ts'
import { elementCount, type Tensor } from './tensor.ts'

/*
 * Batches as frames: structure in the JSON header, every byte of data in a payload section. The header of a
 * `run` frame with one JSON body looks like
 *   {"requests":[{"id":"a1","headers":{},"remainingMs":900,
 *                 "payload":{"kind":"parts","parts":[{"name":"body","section":{"offset":0,"byteLength":20}}]}}]}
 */

type Packed<T, K extends keyof T> = Omit<T, K> & { readonly section: Section }
type PackedTensor = { name: string; dtype: DataType; shape: readonly number[]; section: Section }
type PackedTensors<T extends { readonly tensors: readonly Tensor[] }> = Omit<T, 'tensors'> & {
  readonly tensors: readonly PackedTensor[]
}
type PackedPayload =
  | { readonly kind: 'parts'; readonly parts: readonly Packed<RequestPart, 'bytes'>[] }
  | PackedTensors<TensorsPayload>
type PackedAnswer =
  | { readonly kind: 'bytes'; readonly contentType?: string; readonly section: Section }
  | PackedTensors<TensorsAnswer>

type RunHeader = {
  readonly requests: readonly (Omit<BatchRequest, 'payload'> & { payload: PackedPayload })[]
}
type PackedResponse = Omit<BatchResponse, 'payload'> & { readonly payload: PackedAnswer }
type ResultHeader = { readonly replies: readonly WorkerReply<PackedResponse>[]; readonly timing: BatchTiming }

/**
 * A `run` frame in pieces, to be written in order. Large payloads lie where they were and must not change; the
 * requests keep them for a possible second try.
 */
export function runFramePieces(batchId: number, requests: readonly BatchRequest[]): Uint8Array[] {
  const builder = new FrameBuilder()
  const header: RunHeader = {
    requests: requests.map((request) => ({ ...request, payload: packPayload(builder, request.payload) })),
  }
  return builder.pieces('run', batchId, header)
}

/** The members of a `run` frame. Their bytes and tensors are views of the frame's buffer. */
export function batchFromRunFrame(buffer: ArrayBuffer): BatchRequest[] {
  const header = frameHeader(buffer) as RunHeader // written by runFramePieces of the same build
  return header.requests.map((request) => ({ ...request, payload: unpackPayload(buffer, request.payload) }))
}

/** No batch has this id. Its `result` says that a loaded thread died, before the results of the batches it ran. */
export const NO_BATCH_ID = 0

export function resultFrameFromResult(batchId: number, result: BatchResult): Uint8Array<ArrayBuffer> {
  const builder = new FrameBuilder()
  const replies = result.replies.map((reply): WorkerReply<PackedResponse> =>
    reply.ok
      ? { ok: true, value: { ...reply.value, payload: packAnswer(builder, reply.value.payload) } }
      : reply,
  )
  return builder.build('result', batchId, { replies, timing: result.timing } satisfies ResultHeader)
}

/** The outcome in a `result` frame. Its bytes and tensors are views of the frame's buffer; strings stay in it, unmade. */
export function resultFromResultFrame(buffer: ArrayBuffer): BatchResult {
  const header = frameHeader(buffer) as ResultHeader // written by resultFrameFromResult of the same build
  const replies = header.replies.map((reply): WorkerReply<BatchResponse> =>
    reply.ok
      ? { ok: true, value: { ...reply.value, payload: unpackAnswer(buffer, reply.value.payload) } }
      : reply,
  )
  return { replies, timing: header.timing }
}

function packPayload(builder: FrameBuilder, payload: RequestPayload): PackedPayload {
  switch (payload.kind) {
    case 'parts':
      return {
        kind: 'parts',
        parts: payload.parts.map(({ bytes, ...part }) => ({ ...part, section: builder.add(bytes) })),
      }
    case 'tensors':
      return packTensors(builder, payload)
  }
}

function unpackPayload(buffer: ArrayBuffer, payload: PackedPayload): RequestPayload {
  switch (payload.kind) {
    case 'parts':
      return {
        kind: 'parts',
        parts: payload.parts.map(({ section, ...part }) => ({
          ...part,
          bytes: sectionBytes(buffer, section),
        })),
      }
    case 'tensors':
      return { ...payload, tensors: payload.tensors.map((tensor) => unpackTensor(buffer, tensor)) }
  }
}

function packAnswer(builder: FrameBuilder, payload: ResponsePayload): PackedAnswer {
  if (payload.kind === 'tensors') return packTensors(builder, payload)
  const { bytes, ...rest } = payload
  return { ...rest, section: builder.add(bytes) }
}

function unpackAnswer(buffer: ArrayBuffer, payload: PackedAnswer): ResponsePayload {
  if (payload.kind === 'tensors')
    return { ...payload, tensors: payload.tensors.map((tensor) => unmade(buffer, tensor)) }
  const { section, ...rest } = payload
  return { ...rest, bytes: sectionBytes(buffer, section) }
}

function packTensors<T extends { readonly tensors: readonly Tensor[] }>(
  builder: FrameBuilder,
  payload: T,
): PackedTensors<T> {
  return { ...payload, tensors: payload.tensors.map((tensor) => packTensor(builder, tensor)) }
}

function packTensor(builder: FrameBuilder, tensor: Tensor): PackedTensor {
  const { name, dtype, shape } = tensor
  return { name, dtype, shape, section: builder.add(tensorToBytes(tensor)) }
}

/** Most answers hand strings on to a client as they lie. */
function unmade(buffer: ArrayBuffer, packed: PackedTensor): Tensor {
  if (packed.dtype !== 'BYTES') return unpackTensor(buffer, packed)
  return tensorOfBlock(packed, {
    bytes: sectionBytes(buffer, packed.section),
    count: elementCount(packed.shape),
  })
}

function unpackTensor(buffer: ArrayBuffer, packed: PackedTensor): Tensor {
  const { name, dtype, shape, section } = packed
  const bytes = sectionBytes(buffer, section)
  if (dtype === 'BYTES') return { name, dtype, shape, data: stringsFromBytes(bytes) }
  const ArrayOfType = ARRAY_OF[dtype]
  const data = new ArrayOfType(
    bytes.buffer,
    bytes.byteOffset,
    bytes.byteLength / ArrayOfType.BYTES_PER_ELEMENT,
  )
  return { name, dtype, shape, data } as Tensor // data was made from dtype's own constructor
}
