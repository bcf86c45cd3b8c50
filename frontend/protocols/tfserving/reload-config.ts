import { isAbsolute } from 'node:path'
import { isServingError, ServingError } from '../../../worker/contract/errors.ts'
import type {
  ControlPlane,
  ServedModel,
  ServedModelOutcome,
  VersionChoice,
} from '../../core/control-plane.ts'
import { badRequest } from './errors.ts'

type VersionPolicy = {
  readonly latest?: { readonly num_versions: number }
  readonly all?: object
  readonly specific?: { readonly versions: readonly string[] }
}

type ModelConfig = {
  readonly name: string
  readonly base_path: string
  readonly model_platform: string
  readonly model_version_policy: VersionPolicy | null
  readonly version_labels: readonly { readonly key: string; readonly value: string }[]
}

/** A decoded `ReloadConfigRequest`. 64-bit integers are decimal digits. */
type ReloadConfigRequest = {
  readonly config: { readonly model_config_list?: { readonly config: readonly ModelConfig[] } } | null
}

/** Those of `model_config_file`: what lists written for TensorFlow Serving have, and what runs here. */
const PLATFORMS = ['', 'tensorflow', 'onnx', 'onnxruntime', 'onnxruntime_onnx']

/**
 * Serves exactly the models of a list: what an earlier list had and this one has not is unloaded. Answers when every
 * model is as the list says.
 *
 * @throws ServingError `invalid_argument`, nothing is changed then; else of the first model that has failed, while
 * the others are as the list says
 */
export async function reloadConfig(controlPlane: ControlPlane, message: unknown): Promise<object> {
  const { config } = message as ReloadConfigRequest // the transport has decoded it
  const list = config?.model_config_list
  if (list === undefined) {
    throw badRequest(
      'ServerModelConfig type not supported by HandleReloadConfigRequest: the field config needs a model_config_list',
    )
  }
  const outcomes = await controlPlane.applyModelConfig(list.config.map(servedModel))
  const failure = failureOf(outcomes)
  if (failure !== undefined) throw failure
  return { status: { error_code: 'OK', error_message: '' } }
}

function servedModel(config: ModelConfig, index: number): ServedModel {
  const { name, base_path: basePath, model_platform: platform, version_labels: labels } = config
  const at = `config/model_config_list/config/${index}`
  if (name === '') throw badRequest(`${at}/name is empty, a model needs a name`)
  if (!isAbsolute(basePath)) {
    throw badRequest(`${at}/base_path is '${basePath}', expected the absolute path of a directory`)
  }
  if (!PLATFORMS.includes(platform)) {
    throw badRequest(
      `${at}/model_platform is '${platform}', expected ${PLATFORMS.slice(1).join(', ')} or nothing`,
    )
  }
  return {
    name,
    basePath,
    choice: choiceOf(config.model_version_policy, `${at}/model_version_policy`),
    labels: Object.fromEntries(labels.map(({ key, value }) => [key, value])),
  }
}

/** Without a policy, the newest version. */
function choiceOf(policy: VersionPolicy | null, at: string): VersionChoice {
  if (policy?.all !== undefined) return { kind: 'all' }
  if (policy?.specific !== undefined) {
    const { versions } = policy.specific
    if (versions.length === 0) throw badRequest(`${at}/specific/versions is empty, expected at least one`)
    return { kind: 'specific', versions }
  }
  // What is not set is 0 on the wire.
  return { kind: 'latest', count: Math.max(1, policy?.latest?.num_versions ?? 1) }
}

function failureOf(outcomes: readonly ServedModelOutcome[]): ServingError | undefined {
  const failed = outcomes.flatMap(({ name, error }) => (error === undefined ? [] : { name, error }))
  const [first] = failed
  if (first === undefined) return undefined
  const text = failed.map(({ name, error }) => `${name}: ${error.message}`).join('; ')
  return new ServingError(isServingError(first.error) ? first.error.code : 'internal', text, {
    reason: 'model_config',
  })
}
