import { nearest } from '../../../worker/contract/nearest.ts'
import type { TensorMetadata } from '../../../worker/contract/tensor.ts'
import type { VersionMetadata } from '../../core/data-plane.ts'
import { badRequest } from './errors.ts'

/** What every model has: all inputs of its graph to all outputs. */
export const DEFAULT_SIGNATURE = 'serving_default'

export type SignatureMethod = 'predict' | 'classify' | 'regress'

/** A tensor of the graph under the name that clients use for it. */
export type SignatureTensor = { readonly alias: string; readonly tensor: TensorMetadata }

/** One of the entries of a model: a selection of its graph's inputs and outputs, under names of its own. */
export type Signature = {
  readonly name: string
  readonly method: SignatureMethod
  readonly inputs: readonly SignatureTensor[]
  readonly outputs: readonly SignatureTensor[]
}

export type SignatureSource = Pick<VersionMetadata, 'inputs' | 'outputs' | 'signatures'>

/** All of a model, by name. */
export function signaturesOf(metadata: SignatureSource): readonly Signature[] {
  const names = new Set([DEFAULT_SIGNATURE, ...Object.keys(metadata.signatures ?? {})])
  return [...names].sort().flatMap((name) => signatureOf(metadata, name) ?? [])
}

/** Undefined: the model has none of this name. */
export function signatureOf(metadata: SignatureSource, name: string): Signature | undefined {
  const { inputs, outputs, signatures = {} } = metadata
  const declared = Object.hasOwn(signatures, name) ? signatures[name] : undefined
  if (declared !== undefined) {
    const { method } = declared
    return { name, method, inputs: named(declared.inputs, inputs), outputs: named(declared.outputs, outputs) }
  }
  if (name !== DEFAULT_SIGNATURE) return undefined
  return { name, method: 'predict', inputs: inputs.map(unaliased), outputs: outputs.map(unaliased) }
}

function unaliased(tensor: TensorMetadata): SignatureTensor {
  return { alias: tensor.name, tensor }
}

/** A name that the graph has not is left out: loading the model has refused it. */
function named(
  aliases: Readonly<Record<string, string>>,
  tensors: readonly TensorMetadata[],
): SignatureTensor[] {
  return Object.entries(aliases).flatMap(([alias, graphName]) => {
    const tensor = tensors.find(({ name }) => name === graphName)
    return tensor === undefined ? [] : { alias, tensor }
  })
}

/** The graph's names of the outputs, each once; undefined when they are all that there are. */
export function wantedOutputs(
  chosen: readonly SignatureTensor[],
  metadata: SignatureSource,
): readonly string[] | undefined {
  const names = [...new Set(chosen.map(({ tensor }) => tensor.name))]
  return names.length === metadata.outputs.length ? undefined : names
}

/** @param at where the name is, as a JSON pointer or a field of a message */
export function unknownAlias(alias: string, known: readonly SignatureTensor[], at: string): Error {
  const aliases = known.map((each) => each.alias)
  const suggestion = nearest(alias, aliases)
  const hint = suggestion === undefined ? '' : `; did you mean '${suggestion}'?`
  return badRequest(`unknown input '${alias}' at ${at}, the signature has: ${aliases.join(', ')}${hint}`)
}
