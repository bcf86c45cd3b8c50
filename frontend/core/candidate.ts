import type { ModelConfig } from '../../archiver-cli/format/model-config.ts'
import { BUILT_IN_HANDLERS } from '../../worker/contract/built-in-handlers.ts'
import { ServingError } from '../../worker/contract/errors.ts'
import { handlerReference } from '../../worker/contract/handler-reference.ts'
import { isValidName, type ModelId } from '../../worker/contract/model-id.ts'
import type { Artefact } from './artefact.ts'
import type { StoredModel } from './archive-source.ts'
import type { SettingLayers } from './settings.ts'
import { withBuiltInTimeouts, withoutOutranked } from './torchserve-precedence.ts'

/** A version about to be registered. */
export type Candidate = {
  readonly stored: StoredModel
  readonly name?: string | undefined
  readonly handler?: string | undefined
  /** Settings of the call. */
  readonly overrides: ModelConfig
  readonly loadedAtStartup: boolean
  /** Whether the same archive may be registered already; default true. */
  readonly repeatable?: boolean | undefined
}

/** `explicit`: what a call says counts. `torchserve`: an archive outranks it for workers and timeouts. */
export type Precedence = 'explicit' | 'torchserve'

/** What the server's `models` property says of a version. */
export type DeclaredSettings = (model: ModelId) => ModelConfig | undefined

/** @throws ServingError `invalid_argument` (the name, or the handler) */
export function artefactOf({ stored, name, handler }: Candidate): Artefact {
  const { modelName, modelVersion, handler: ownHandler } = stored.manifest.model
  const model = { name: name ?? modelName, version: modelVersion }
  if (!isValidName(model.name)) {
    throw new ServingError(
      'invalid_argument',
      `'${model.name}' cannot name a model: use letters, digits, '.', '_' and '-', starting with a letter or digit`,
      { reason: 'model_name' },
    )
  }
  const known = [...BUILT_IN_HANDLERS, ...stored.manifest.files.map((file) => file.path)]
  if (handler !== undefined && !known.includes(handlerReference(handler).file)) {
    throw new ServingError(
      'invalid_argument',
      `handler '${handler}' is neither built in (${BUILT_IN_HANDLERS.join(', ')}) nor a file of archive '${stored.archive}'`,
      { reason: 'handler' },
    )
  }
  return { model, handler: handler ?? ownHandler, ...stored }
}

/** What call, archive and server say of the settings, in the order that counts. */
export function layersOf(
  artefact: Artefact,
  call: ModelConfig,
  options: { readonly precedence: Precedence; readonly declared: DeclaredSettings },
): SettingLayers {
  const declared = options.declared(artefact.model)
  if (options.precedence === 'explicit') return { call, archive: artefact.config, declared }
  const archive = withBuiltInTimeouts(artefact.config, artefact.manifest.model.configFile !== undefined)
  return { call, archive, declared }
}

/** The settings of a registration that have an effect, and are therefore remembered. */
export function effectiveCall(
  { call, archive, declared }: SettingLayers,
  precedence: Precedence,
): ModelConfig {
  return precedence === 'explicit' ? call : withoutOutranked(call, archive, declared)
}
