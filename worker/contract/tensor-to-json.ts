import { float16ToNumber } from './float16.ts'
import { shortestSingle } from './shortest-single.ts'
import type { Tensor } from './tensor.ts'

/** How NaN and the infinities are written, for which JSON has no numbers: `"NaN"`, `null` or `NaN`. */
export type NonFinite = 'string' | 'null' | 'token'

export type TensorJsonOptions = {
  /** Leaves out the outermost dimensions before it, which must be of size 1. Absent: 0. */
  readonly from?: number
  /** One list of all elements, whatever the shape. */
  readonly flat?: boolean
  /** Absent: `string`. A token is no JSON: only some readers take it. */
  readonly nonFinite?: NonFinite
  /** How integers beyond ±(2^53-1) are written, which many readers would round. Absent: `string`. */
  readonly bigIntegers?: 'string' | 'digits'
  /**
   * `exact`, if absent: the decimal number of each float as a double. `short`: the fewest digits that round-trip for
   * its own type, whole numbers with `.0`, as TensorFlow Serving writes them.
   */
  readonly floats?: 'exact' | 'short'
}

/**
 * A tensor's elements as JSON, row-major: nested lists by its shape unless asked otherwise. Numbers are exact.
 * `BOOL` becomes true or false.
 */
export function tensorToJson(tensor: Tensor, options: TensorJsonOptions = {}): string {
  const { from = 0, flat = false } = options
  const shape = flat ? [tensor.data.length] : tensor.shape.slice(from)
  const element = elementWriter(tensor, options)
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

type ElementWriter = (index: number) => string

function elementWriter(tensor: Tensor, options: TensorJsonOptions): ElementWriter {
  switch (tensor.dtype) {
    case 'FP16':
      return floatWriter((index) => float16ToNumber(tensor.data[index] ?? 0), options)
    case 'FP32':
      return floatWriter((index) => tensor.data[index] ?? 0, options)
    case 'FP64':
      return floatWriter((index) => tensor.data[index] ?? 0, options, String)
    case 'INT64':
    case 'UINT64':
      return bigIntWriter(tensor.data, options)
    case 'BOOL':
      return (index) => (tensor.data[index] === 0 ? 'false' : 'true')
    case 'BYTES':
      return (index) => JSON.stringify(tensor.data[index] ?? '')
    default:
      return (index) => String(tensor.data[index] ?? 0)
  }
}

const NON_FINITE_TEXT: Readonly<Record<NonFinite, (value: number) => string>> = {
  string: (value) => `"${value}"`,
  null: () => 'null',
  token: String,
}

function floatWriter(
  valueAt: (index: number) => number,
  { nonFinite = 'string', floats = 'exact' }: TensorJsonOptions,
  shortest = shortestSingle,
): ElementWriter {
  const nonFiniteText = NON_FINITE_TEXT[nonFinite]
  const text = floats === 'exact' ? exactText : (value: number) => withPoint(shortest(value))
  return (index) => {
    const value = valueAt(index)
    // Only NaN and the infinities differ from themselves minus themselves.
    return value - value === 0 ? text(value) : nonFiniteText(value)
  }
}

/** Unlike `String`, keeps the sign of zero. */
function exactText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value)
}

/** Marks a float as one. */
function withPoint(text: string): string {
  return /[.e]/.test(text) ? text : `${text}.0`
}

function bigIntWriter(
  data: BigInt64Array | BigUint64Array,
  { bigIntegers = 'string' }: TensorJsonOptions,
): ElementWriter {
  if (bigIntegers === 'digits') return (index) => (data[index] ?? 0n).toString()
  return (index) => {
    const value = data[index] ?? 0n
    const isExact = value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER
    return isExact ? value.toString() : `"${value}"`
  }
}
