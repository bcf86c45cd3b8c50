import type { InstanceReport } from '../../../worker/contract/messages.ts'
import { isVariable } from '../../../worker/contract/tensor.ts'

/**
 * Whether any two requests of a version may share an engine call, whatever dialect they came by: their handler takes
 * tensors, and no dimension behind the rows may differ. Raw parts that it decodes then fit, too, or fail by
 * themselves.
 */
export function hasOneBucket({ tensorSupport, inputs }: InstanceReport): boolean {
  if (tensorSupport !== 'handler' || inputs.length === 0) return false
  return inputs.every(
    ({ shape, optional }) => optional !== true && shape.length > 0 && !shape.slice(1).some(isVariable),
  )
}
