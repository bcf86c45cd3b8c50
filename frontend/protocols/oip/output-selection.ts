import type { NonFinite } from '../../../worker/contract/tensor-to-json.ts'
import { badBody, badValue, flagAt, listAt, objectAt, optionalObjectAt, textAt } from './body-values.ts'
import type { SelectedOutput } from './infer-request.ts'
import { refuseSharedMemory } from './shared-memory.ts'

/** The `outputs` of a request. @throws ServingError `invalid_argument` | `unimplemented` */
export function selectedOutputsFrom(value: unknown): SelectedOutput[] {
  const names = new Set<string>()
  return listAt(value, '/outputs').map((each, index) => {
    const at = `/outputs/${index}`
    const output = selectedOutputFrom(each, at)
    if (names.has(output.name)) throw badBody(`${at}/name: output '${output.name}' is asked for twice`)
    names.add(output.name)
    return output
  })
}

function selectedOutputFrom(value: unknown, at: string): SelectedOutput {
  const { name, parameters: given } = objectAt(value, at)
  const parameters = optionalObjectAt(given, `${at}/parameters`)
  refuseSharedMemory(parameters, `${at}/parameters`)
  return {
    name: textAt(name, `${at}/name`),
    parameters,
    isBinary: flagAt(parameters.binary_data, `${at}/parameters/binary_data`) ?? false,
  }
}

const NON_FINITE: readonly NonFinite[] = ['string', 'null', 'token']

export function nonFiniteFrom(value: unknown, at: string): NonFinite | undefined {
  if (value === undefined) return undefined
  const known = NON_FINITE.find((each) => each === value)
  if (known === undefined) throw badValue(at, value, NON_FINITE.join(', '))
  return known
}
