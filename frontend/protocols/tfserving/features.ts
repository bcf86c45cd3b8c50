import {
  elementCount,
  isVariable,
  type Tensor,
  type TensorMetadata,
} from '../../../worker/contract/tensor.ts'
import { ARRAY_OF } from '../../../worker/contract/data-type.ts'
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
 * @throws ServingError `invalid_argument` naming the example and the feature
 */
export function tensorsFromExamples(signature: Signature, examples: readonly Example[]): readonly Tensor[] {
  if (examples.length === 0) throw badRequest('there is no example: expected at least one')
  return signature.inputs.map((input) => tensorOf(input, examples))
}

function tensorOf(input: SignatureTensor, examples: readonly Example[]): Tensor {
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
