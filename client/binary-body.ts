import { ARRAY_OF, type NumericDataType } from '../worker/contract/data-type.ts'
import { badAnswer } from './errors.ts'
import type { OutputTensor } from './schema.ts'
import type { WireTensor } from './tensor-input.ts'

/*
 * The binary tensor extension of the Open Inference Protocol: JSON, then the data of the tensors back to back,
 * little-endian. A string is its length as a uint32, then its UTF-8 bytes.
 */
const LENGTH_BYTES = 4

const encoder = new TextEncoder()
/** A byte order mark is a character of its string, as any other. */
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export function bytesOfTensor({ data }: WireTensor): Uint8Array {
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  const texts = data.map((text) => encoder.encode(text))
  const bytes = new Uint8Array(texts.reduce((sum, text) => sum + LENGTH_BYTES + text.byteLength, 0))
  const view = new DataView(bytes.buffer)
  let offset = 0
  for (const text of texts) {
    view.setUint32(offset, text.byteLength, true)
    bytes.set(text, offset + LENGTH_BYTES)
    offset += LENGTH_BYTES + text.byteLength
  }
  return bytes
}

/** The body and the length of its JSON part, which a header has to say. */
export function binaryBody(
  head: object,
  tensors: readonly Uint8Array[],
): { readonly body: Uint8Array<ArrayBuffer>; readonly jsonBytes: number } {
  const json = encoder.encode(JSON.stringify(head))
  const body = new Uint8Array(tensors.reduce((sum, { byteLength }) => sum + byteLength, json.byteLength))
  body.set(json)
  let offset = json.byteLength
  for (const bytes of tensors) {
    body.set(bytes, offset)
    offset += bytes.byteLength
  }
  return { body, jsonBytes: json.byteLength }
}

/** A tensor from its bytes; numbers share the memory of the answer where its alignment allows. */
export function tensorFromBytes(
  { dtype, shape }: Pick<OutputTensor, 'dtype' | 'shape'>,
  bytes: Uint8Array<ArrayBuffer>,
): OutputTensor {
  const count = shape.reduce((product, size) => product * size, 1)
  const data = dtype === 'BYTES' ? stringsFromBytes(bytes) : numbersFromBytes(dtype, bytes)
  if (data.length !== count) throw badAnswer(`has ${data.length} elements for the shape [${shape.join(',')}]`)
  return { dtype, shape, data } // data was made for dtype
}

function numbersFromBytes(dtype: NumericDataType, bytes: Uint8Array<ArrayBuffer>) {
  const ArrayOfType = ARRAY_OF[dtype]
  const size = ArrayOfType.BYTES_PER_ELEMENT
  if (bytes.byteLength % size !== 0) throw badAnswer(`has ${bytes.byteLength} bytes of ${dtype}`)
  const aligned = bytes.byteOffset % size === 0 ? bytes : bytes.slice()
  return new ArrayOfType(aligned.buffer, aligned.byteOffset, aligned.byteLength / size)
}

function stringsFromBytes(bytes: Uint8Array): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const texts: string[] = []
  let offset = 0
  while (offset < bytes.byteLength) {
    if (bytes.byteLength - offset < LENGTH_BYTES) throw badAnswer('ends inside the length of a string')
    const start = offset + LENGTH_BYTES
    const end = start + view.getUint32(offset, true)
    if (end > bytes.byteLength) throw badAnswer('ends inside a string')
    texts.push(textOf(bytes.subarray(start, end)))
    offset = end
  }
  return texts
}

function textOf(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch {
    throw badAnswer('has a string that is no UTF-8') // the only reason that a fatal decoder has
  }
}
