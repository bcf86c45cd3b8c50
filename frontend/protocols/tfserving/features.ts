import {
  elementCount,
  isVariable,
  type Tensor,
  type TensorMetadata,
} from '../../../worker/contract/tensor.ts'
import { ARRAY_OF, elementBytes, type DataType } from '../../../worker/contract/data-type.ts'
import { EXPECTED_ELEMENT, writeElements } from '../../../worker/contract/element-from-json.ts'
import { shownValue } from '../../../worker/contract/shown-value.ts'
import { badRequest } from './errors.ts'
import type { Signature, SignatureTensor } from './signatures.ts'

/*
 * Examples as tensors: a feature of each example is a list of values, all the lists of a feature together are the
 * input that the signature has under its name. Whether they came in JSON or as tf.Example does not matter here.
 */

/** Values of a feature: numbers, `bigint` or strings. */
export type FeatureValues = readonly unknown[]

export type Example = {
  /** By the name of the feature. */
  readonly features: Pick<ReadonlyMap<string, FeatureValues>, 'get'>
  /** Where it is, for messages: `/examples/0`. */
  readonly at: string
}

/**
 * The inputs of a signature, a row for each example.
 *
 * @param maxBytes of an input: what examples share counts in each of them
 * @throws ServingError `invalid_argument` naming the example and the feature
 */
export function tensorsFromExamples(
  signature: Signature,
  examples: readonly Example[],
  maxBytes: number,
): readonly Tensor[] {
  if (examples.length === 0) throw badRequest('there is no example: expected at least one')
  return signature.inputs.map((input) => tensorOf(input, examples, maxBytes))
}

function tensorOf(input: SignatureTensor, examples: readonly Example[], maxBytes: number): Tensor {
  const { alias, tensor: metadata } = input
  const lists = examples.map((example) => {
    const values = example.features.get(alias)
    if (values === undefined) throw badRequest(`${example.at} lacks the feature '${alias}'`)
    return values
  })
  const [first = []] = lists
  const uneven = lists.findIndex((list) => list.length !== first.length)
  if (uneven !== -1) {
    throw badRequest(
      `${examples[uneven]?.at ?? ''} has ${lists[uneven]?.length ?? 0} values of the feature '${alias}', the first example has ${first.length}`,
    )
  }
  const { name, dtype } = metadata
  const shape = [examples.length, ...rowShape(input, first.length)]
  const count = examples.length * first.length
  if (isLarger({ dtype, lists, count }, maxBytes)) {
    throw badRequest(
      `${examples.length} examples with ${first.length} values each of the feature '${alias}' would need more than ${maxBytes} bytes`,
    )
  }
  const data = dtype === 'BYTES' ? new Array<string>(count) : new ARRAY_OF[dtype](count)
  const tensor = { name, dtype, shape, data } as Tensor // data was made for dtype
  for (const [index, row] of lists.entries()) {
    const bad = writeElements(tensor, { row, at: index * first.length, takesInfinity: true })
    if (bad === -1) continue
    throw badRequest(
      `${examples[index]?.at ?? ''} has ${shownValue(row[bad])} in the feature '${alias}', ${dtype} expects ${EXPECTED_ELEMENT[dtype]}`,
    )
  }
  return tensor
}

type Counted = {
  readonly dtype: DataType
  readonly lists: readonly FeatureValues[]
  readonly count: number
}

/** What a text costs beside its characters. */
const TEXT_BYTES = 8

/** Values that examples share came once, and would be there for each of them. */
function isLarger({ dtype, lists, count }: Counted, maxBytes: number): boolean {
  let bytes = count * (elementBytes(dtype) ?? TEXT_BYTES)
  if (dtype !== 'BYTES') return bytes > maxBytes
  for (const list of lists) {
    if (bytes > maxBytes) break
    for (const value of list) if (typeof value === 'string') bytes += value.length
  }
  return bytes > maxBytes
}

/** The shape of one row that has so many values; a single variable dimension takes what is left for it. */
function rowShape({ alias, tensor: { shape } }: SignatureTensor, values: number): readonly number[] {
  const [, ...row] = shape
  if (row.length === 0 && values === 1) return []
  const fixed = elementCount(row.map((size) => (typeof size === 'string' || isVariable(size) ? 1 : size)))
  const rest = fixed === 0 ? 0 : values / fixed
  const variable = row.filter(isVariable).length
  const fits = variable === 0 ? rest === 1 : variable === 1 && Number.isInteger(rest)
  if (!fits)
    throw badRequest(
      `the feature '${alias}' has ${values} values, its input expects rows of ${describe(row)}`,
    )
  return row.map((size) => (typeof size === 'string' || isVariable(size) ? rest : size))
}

function describe(row: TensorMetadata['shape']): string {
  return row.length === 0 ? 'a single value' : `shape [${row.join(',')}]`
}
