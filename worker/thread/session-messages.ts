import { errorFromData, errorToData, isServingError, messageOf, type ErrorData } from '../contract/errors.ts'
import type { Tensor, TensorMetadata } from '../contract/tensor.ts'

/** What a handler's thread asks of the thread that owns the session. The memory of numeric feeds is moved. */
export type SessionRequest =
  | { readonly kind: 'run'; readonly id: number; readonly feeds: readonly Tensor[] }
  | { readonly kind: 'release' }

/** What that thread answers. The memory of numeric outputs is moved. */
export type SessionReply =
  | {
      readonly kind: 'opened'
      readonly inputs: readonly TensorMetadata[]
      readonly outputs: readonly TensorMetadata[]
    }
  | { readonly kind: 'refused'; readonly error: SentError }
  | { readonly kind: 'ran'; readonly id: number; readonly runMs: number; readonly outputs: readonly Tensor[] }
  | { readonly kind: 'failed'; readonly id: number; readonly runMs: number; readonly error: SentError }
  | { readonly kind: 'released' }

/** An error between two threads, which would lose its class and code: one made for clients as data, others by their text. */
export type SentError =
  | { readonly isServing: true; readonly data: ErrorData }
  | { readonly isServing: false; readonly message: string; readonly stack: string | undefined }

export function sentError(error: unknown): SentError {
  if (isServingError(error)) return { isServing: true, data: errorToData(error, error.message) }
  const stack = error instanceof Error ? error.stack : undefined
  return { isServing: false, message: messageOf(error), stack }
}

export function errorFromSent(sent: SentError): Error {
  if (sent.isServing) return errorFromData(sent.data)
  const error = new Error(sent.message)
  if (sent.stack !== undefined) error.stack = sent.stack
  return error
}

/** The memory of tensors that can be moved to another thread; each array must be the only view of its buffer. */
export function buffersOf(tensors: readonly Tensor[]): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>()
  for (const { data } of tensors) {
    if (ArrayBuffer.isView(data) && data.buffer instanceof ArrayBuffer) buffers.add(data.buffer)
  }
  return [...buffers]
}

/** Tensors whose memory is nobody else's. A view is copied: a clone of it would take its whole buffer along. */
export function ownTensors(tensors: readonly Tensor[]): readonly Tensor[] {
  return tensors.map((tensor) => {
    if (tensor.dtype === 'BYTES') return tensor
    return { ...tensor, data: tensor.data.slice() } as Tensor // a copy has the class of what it copies
  })
}

/** Those whose memory may be taken: as they are, where an array fills its buffer. */
export function wholeTensors(tensors: readonly Tensor[]): readonly Tensor[] {
  return tensors.map((tensor) => {
    if (tensor.dtype === 'BYTES' || tensor.data.byteLength === tensor.data.buffer.byteLength) return tensor
    return { ...tensor, data: tensor.data.slice() } as Tensor // a copy has the class of what it copies
  })
}
