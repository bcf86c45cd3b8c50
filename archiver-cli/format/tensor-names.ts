import { ServingError } from '../../worker/contract/errors.ts'
import { nearest } from '../../worker/contract/nearest.ts'
import type { TensorMetadata } from '../../worker/contract/tensor.ts'
import type { ModelConfig } from './model-config.ts'

/** What is known of a graph. */
export type Graph = {
  readonly inputs?: readonly TensorMetadata[] | undefined
  readonly outputs?: readonly TensorMetadata[] | undefined
}

/**
 * Checks that what a configuration says of inputs and outputs fits the graph. An archive that was packed without
 * opening the model does not know them; then there is nothing to check.
 *
 * @throws ServingError `invalid_argument` (reason `model_config`)
 */
export function checkTensorNames(
  { signatures = {}, outputLabels = {} }: ModelConfig,
  { inputs, outputs }: Graph,
): void {
  if (inputs === undefined || outputs === undefined) return
  const known = { input: inputs.map(({ name }) => name), output: outputs.map(({ name }) => name) }
  for (const [name, signature] of Object.entries(signatures)) {
    for (const target of Object.values(signature.inputs)) check(known, 'input', target, `signatures.${name}`)
    for (const target of Object.values(signature.outputs))
      check(known, 'output', target, `signatures.${name}`)
  }
  for (const name of Object.keys(outputLabels)) check(known, 'output', name, 'outputLabels')
}

type Known = Readonly<Record<'input' | 'output', readonly string[]>>

function check(known: Known, kind: keyof Known, name: string, where: string): void {
  if (known[kind].includes(name)) return
  const suggestion = nearest(name, known[kind])
  const hint = suggestion === undefined ? `it has ${known[kind].join(', ')}` : `did you mean '${suggestion}'?`
  throw new ServingError(
    'invalid_argument',
    `the model configuration names the ${kind} '${name}' in '${where}', which the graph does not have; ${hint}`,
    { reason: 'model_config' },
  )
}
