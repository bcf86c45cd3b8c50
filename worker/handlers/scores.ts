import { float16ToNumber } from '../contract/float16.ts'
import { ServingError } from '../contract/errors.ts'
import type { Tensor } from '../contract/tensor.ts'

/** The values of an output that holds floating-point numbers. @throws ServingError `internal` naming the output. */
export function numbersOf(name: string, tensor: Tensor | undefined): ArrayLike<number> {
  switch (tensor?.dtype) {
    case 'FP32':
    case 'FP64':
      return tensor.data
    case 'FP16':
      return Array.from(tensor.data, float16ToNumber)
    default:
      throw new ServingError('internal', `output '${name}' holds no floating-point numbers`)
  }
}

/** `{label: probability, …}` in the order given: an object would put labels that look like integers first. */
export function labelledJson(entries: readonly (readonly [label: string, probability: number])[]): string {
  const members = entries.map(
    ([label, probability]) => `${JSON.stringify(label)}:${JSON.stringify(probability)}`,
  )
  return `{${members.join(',')}}`
}
