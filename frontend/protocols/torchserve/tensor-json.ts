import { float16ToNumber } from '../../../worker/contract/float16.ts'
import { elementCount, type Tensor } from '../../../worker/contract/tensor.ts'

/**
 * Tensors that a handler answered, as nested rows by name: `{"y": [[0.1, 0.9]]}`.
 *
 * What JSON has no number for becomes a string: integers beyond 2^53, `NaN`, `Infinity`, `-Infinity`.
 */
export function jsonFromTensors(tensors: readonly Tensor[]): string {
  const members = tensors.map((tensor) => {
    return `${JSON.stringify(tensor.name)}:${nested(elementsOf(tensor), tensor.shape)}`
  })
  return `{${members.join(',')}}`
}

function nested(elements: readonly string[], shape: readonly number[]): string {
  const [size, ...inner] = shape
  if (size === undefined) return elements.join('')
  const stride = elementCount(inner)
  const rows = Array.from({ length: size }, (_, i) =>
    nested(elements.slice(i * stride, (i + 1) * stride), inner),
  )
  return `[${rows.join(',')}]`
}

function elementsOf({ dtype, data }: Tensor): string[] {
  switch (dtype) {
    case 'BYTES':
      return data.map((element) => JSON.stringify(element))
    case 'BOOL':
      return Array.from(data, (element) => (element === 0 ? 'false' : 'true'))
    case 'FP16':
      return Array.from(data, (bits) => numberText(float16ToNumber(bits)))
    case 'INT64':
    case 'UINT64':
      return Array.from(data, integerText)
    default:
      return Array.from(data, numberText)
  }
}

function numberText(value: number): string {
  return Number.isFinite(value) ? String(value) : `"${value}"`
}

function integerText(value: bigint): string {
  const isSafe = value <= BigInt(Number.MAX_SAFE_INTEGER) && value >= BigInt(Number.MIN_SAFE_INTEGER)
  return isSafe ? String(value) : `"${value}"`
}
