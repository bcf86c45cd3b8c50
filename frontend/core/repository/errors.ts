import { ServingError } from '../../../worker/contract/errors.ts'

/* What the repository refuses, and why. */

const MAX_SHOWN = 20

export function badModelName(name: string): ServingError {
  return new ServingError(
    'invalid_argument',
    `'${name}' cannot name a model: use letters, digits, '.', '_' and '-', starting with a letter or digit`,
    { reason: 'model_name' },
  )
}

/** @param mode what `model_control_mode` is */
export function notExplicit(mode: string): ServingError {
  return new ServingError(
    'failed_precondition',
    `models are loaded and unloaded by request only with model_control_mode=explicit, and it is '${mode}'`,
    { reason: 'control_mode' },
  )
}

export function modelNotInStore(name: string, known: readonly string[]): ServingError {
  const hint = known.length === 0 ? 'it holds none' : `it holds: ${known.slice(0, MAX_SHOWN).join(', ')}`
  return new ServingError('not_found', `the model store has no model '${name}'; ${hint}`, { reason: 'model' })
}

export function noVersionChosen(
  name: string,
  offered: readonly { readonly version: string }[],
): ServingError {
  const versions = offered.map(({ version }) => version).join(', ')
  return new ServingError(
    'not_found',
    `none of the versions of model '${name}' is to be loaded; there are: ${versions || 'none'}`,
    { reason: 'version' },
  )
}

export function filesNotTaken(hasConfig: boolean): ServingError {
  if (!hasConfig) {
    return new ServingError('invalid_argument', "files can be given only together with a 'config'", {
      reason: 'load_files',
    })
  }
  return new ServingError('unimplemented', 'files in a load request are not taken; put them into the store', {
    reason: 'load_files',
  })
}

export function badConfigOverride(field: string, problem: string): ServingError {
  return new ServingError('invalid_argument', `the field '${field}' of the config ${problem}`, {
    reason: 'load_config',
  })
}
