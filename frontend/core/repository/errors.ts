import { ServingError } from '../../../worker/contract/errors.ts'

/* What the repository refuses, and why. */

const MAX_SHOWN = 20
const MAX_SHOWN_NAME = 200

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

export function filesNeedConfig(): ServingError {
  return new ServingError('invalid_argument', "files can be given only together with a 'config'", {
    reason: 'load_files',
  })
}

/** @param problem completes "the file …" */
export function badFileName(path: string, problem: string): ServingError {
  return new ServingError('invalid_argument', `the file '${path.slice(0, MAX_SHOWN_NAME)}' ${problem}`, {
    reason: 'load_files',
  })
}

export function severalModels(
  name: string,
  path: string,
  models: readonly { readonly name: string }[],
): ServingError {
  const found = models.map((each) => each.name).slice(0, MAX_SHOWN)
  return new ServingError(
    'invalid_argument',
    `${path} holds several models (${found.join(', ')}), and is to be the one model '${name}'; give the directory that holds its versions`,
    { reason: 'model_list' },
  )
}

export function badConfigOverride(field: string, problem: string): ServingError {
  return new ServingError('invalid_argument', `the field '${field}' of the config ${problem}`, {
    reason: 'load_config',
  })
}

/** @param problem completes "the list of models …" */
export function badModelList(problem: string): ServingError {
  return new ServingError('invalid_argument', `the list of models ${problem}`, { reason: 'model_list' })
}

export function nothingToServe(name: string, basePath: string): ServingError {
  return new ServingError(
    'not_found',
    `model '${name}' has no version at ${basePath}; expected directories such as ${basePath}/1 with a model.onnx each`,
    { reason: 'version' },
  )
}
