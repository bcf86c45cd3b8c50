import type { Tensor } from '../../../worker/contract/tensor.ts'
import { isVariable } from '../../../worker/contract/tensor.ts'
import type { VersionMetadata } from '../../core/data-plane.ts'
import { checkClassifiable, classesWanted, classified } from './classification.ts'

/** An output that a request names, and what it says of it. */
export type WantedOutput = { readonly name: string; readonly parameters: Readonly<Record<string, unknown>> }

/** What becomes of the tensors of an answer. */
export type Classify = (tensors: readonly Tensor[]) => readonly Tensor[]

const AS_THEY_ARE: Classify = (tensors) => tensors

/**
 * What the parameter `classification` of wanted outputs asks for.
 *
 * @param metadataOf read only when something is to be classified
 * @throws ServingError `invalid_argument` with the place of the parameter
 */
export function classificationOf(
  wanted: readonly WantedOutput[],
  metadataOf: () => VersionMetadata,
): Classify {
  const classes = new Map<string, number>()
  for (const [index, { name, parameters }] of wanted.entries()) {
    const count = classesWanted(parameters['classification'], placeOf(index))
    if (count !== undefined) classes.set(name, count)
  }
  if (classes.size === 0) return AS_THEY_ARE
  const metadata = metadataOf()
  for (const [index, { name }] of wanted.entries()) {
    const output = metadata.outputs.find((each) => each.name === name)
    if (classes.has(name) && output !== undefined) checkClassifiable(output, placeOf(index))
  }
  return (tensors) => tensors.map((tensor) => classifiedTensor(tensor, classes.get(tensor.name), metadata))
}

function placeOf(index: number): string {
  return `/outputs/${index}/parameters/classification`
}

function classifiedTensor(
  tensor: Tensor,
  classes: number | undefined,
  { outputs, outputLabels }: VersionMetadata,
): Tensor {
  if (classes === undefined) return tensor
  const { shape = [] } = outputs.find(({ name }) => name === tensor.name) ?? {}
  return classified(tensor, { classes, hasRows: isVariable(shape[0]), labels: outputLabels?.[tensor.name] })
}
