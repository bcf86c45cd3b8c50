import { bytesFromStrings, stringsFromBytes } from './string-elements.ts'
import type { Tensor, TensorOf } from './tensor.ts'

type Strings = TensorOf<'BYTES'>
type Block = { readonly bytes: Uint8Array; readonly count: number }

/** Of tensors whose strings nobody has looked at. */
const BLOCKS = new WeakMap<Strings, Block>()

/**
 * A tensor of the strings in a block of {@link bytesFromStrings}. They are made when somebody looks at its `data`: who
 * only hands it on from one wire to the next takes the block, and never makes a million strings.
 *
 * Its `data` cannot be assigned to: not for handlers, whose tensors are their own.
 */
export function tensorOfBlock({ name, shape }: Pick<Strings, 'name' | 'shape'>, block: Block): Strings {
  let strings: readonly string[] | undefined
  const tensor: Strings = {
    name,
    dtype: 'BYTES',
    shape,
    get data() {
      strings ??= stringsFromBytes(block.bytes)
      // From here on the strings count: they could be changed.
      BLOCKS.delete(tensor)
      return strings
    },
  }
  BLOCKS.set(tensor, block)
  return tensor
}

/** A tensor's strings as a block: the one that it lies in, or a new one. */
export function blockOfTensor(tensor: Strings): Uint8Array {
  return BLOCKS.get(tensor)?.bytes ?? bytesFromStrings(tensor.data)
}

/** The number of a tensor's elements, by its data. */
export function elementsIn(tensor: Tensor): number {
  return (tensor.dtype === 'BYTES' ? BLOCKS.get(tensor)?.count : undefined) ?? tensor.data.length
}

/** About how much memory the elements of a tensor hold. */
export function dataBytes(tensor: Tensor): number {
  if (tensor.dtype !== 'BYTES') return tensor.data.byteLength
  const block = BLOCKS.get(tensor)
  return block?.bytes.byteLength ?? tensor.data.reduce((sum, text) => sum + text.length, 0)
}
