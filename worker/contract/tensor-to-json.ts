import { float16ToNumber } from './float16.ts'
import type { Tensor } from './tensor.ts'

/**
 * A tensor's elements as nested JSON arrays, row-major.
 *
 * Numbers are exact. What JSON has no number for becomes a string: `"NaN"`, `"Infinity"`, `"-Infinity"`, and
 * integers beyond ±(2^53-1), which a JavaScript or Python-float reader would round. `BOOL` becomes true or false.
 *
 * @param from leaves out the outermost dimensions before it, which must be of size 1
 */
export function tensorToJson(tensor: Tensor, from = 0): string {
  const shape = tensor.shape.slice(from)
  const element = elementWriter(tensor)
  if (shape.length === 0) return element(0)
  let at = 0
  const write = (depth: number): string => {
    const size = shape[depth] ?? 0
    const isInnermost = depth === shape.length - 1
    let text = '['
    for (let i = 0; i < size; i++) {
      if (i > 0) text += ','
      text += isInnermost ? element(at++) : write(depth + 1)
    }
    return `${text}]`
  }
  return write(0)
}

function elementWriter(tensor: Tensor): (index: number) => string {
  switch (tensor.dtype) {
    case 'FP16':
      return (index) => floatText(float16ToNumber(tensor.data[index] ?? 0))
    case 'INT64':
    case 'UINT64':
      return (index) => bigIntText(tensor.data[index] ?? 0n)
    case 'BOOL':
      return (index) => (tensor.data[index] === 0 ? 'false' : 'true')
    case 'BYTES':
      return (index) => JSON.stringify(tensor.data[index] ?? '')
    default:
      return (index) => floatText(tensor.data[index] ?? 0)
  }
}

function floatText(value: number): string {
  // Only NaN and the infinities differ from themselves minus themselves.
  return value - value === 0 ? String(value) : `"${value}"`
}

function bigIntText(value: bigint): string {
  const isExact = value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER
  return isExact ? value.toString() : `"${value}"`
}
