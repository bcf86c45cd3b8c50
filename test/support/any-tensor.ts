import fc from 'fast-check'
import { ARRAY_OF, DATA_TYPES, type DataType } from '../../worker/contract/data-type.ts'
import { elementCount, type Tensor } from '../../worker/contract/tensor.ts'

type Ranks = { readonly minRank?: number; readonly maxRank?: number }

/** Tensors of every data type, empty ones too, with any bits that the type may have. */
export function anyTensor({ minRank = 0, maxRank = 6 }: Ranks): fc.Arbitrary<Tensor> {
  const anyShape = fc.array(fc.nat({ max: 3 }), { minLength: minRank, maxLength: maxRank })
  return fc
    .tuple(fc.constantFrom(...DATA_TYPES), anyShape)
    .chain(([dtype, shape]) =>
      dataOf(dtype, elementCount(shape)).map((data) => ({ name: 'x', dtype, shape, data }) as Tensor),
    )
}

function dataOf(dtype: DataType, count: number): fc.Arbitrary<unknown> {
  const exactly = { minLength: count, maxLength: count }
  if (dtype === 'BYTES') return fc.array(fc.string({ unit: 'grapheme' }), exactly)
  if (dtype === 'BOOL') return fc.array(fc.nat({ max: 1 }), exactly).map((bits) => Uint8Array.from(bits))
  const ArrayOfType = ARRAY_OF[dtype]
  const byteCount = count * ArrayOfType.BYTES_PER_ELEMENT
  return fc
    .uint8Array({ minLength: byteCount, maxLength: byteCount })
    .map((bytes) => new ArrayOfType(bytes.slice().buffer))
}
