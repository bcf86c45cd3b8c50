import { createHash } from 'node:crypto'
import { discoverPath } from '../../../archiver-cli/format/sources/discover.ts'
import { fingerprintOf } from '../../../archiver-cli/format/sources/fingerprint.ts'
import type { FoundModel, FoundVersion } from '../../../archiver-cli/format/sources/found-model.ts'
import { importTritonConfig } from '../../../archiver-cli/format/triton/import-config.ts'
import type { TritonConfig } from '../../../archiver-cli/format/triton/model-config-schema.ts'
import { ServingError } from '../../../worker/contract/errors.ts'
import type { ModelStore } from '../model-store.ts'
import { severalModels } from './errors.ts'
import type { LoadedOffer, OfferedModel, OfferedVersion } from './source.ts'

/**
 * What a path holds of one model, under another name than its own perhaps.
 *
 * @throws ServingError `invalid_argument` when it holds no model, or several
 */
export async function offerAt(store: ModelStore, name: string, path: string): Promise<OfferedModel> {
  const { models, problems } = await discoverPath(path)
  const [model, ...others] = models
  if (others.length > 0) throw severalModels(name, path, models)
  if (model !== undefined) return offerOf(store, { ...model, name })
  const [problem] = problems
  if (problem === undefined) return { name, versions: [] }
  throw new ServingError('invalid_argument', problem.message, { reason: 'archive' })
}

async function offerOf(store: ModelStore, { name, versions }: FoundModel): Promise<OfferedModel> {
  const offered = versions.map(async (found) => {
    const { text: fingerprint } = await fingerprintOf(found.source)
    return offeredVersion(store, { name, found, fingerprint })
  })
  return { name, versions: await Promise.all(offered) }
}

/** A version that was found, as an offer; the store unpacks it. */
export function offeredVersion(
  store: ModelStore,
  { name, found, fingerprint }: Found & { readonly fingerprint: string },
): OfferedVersion {
  const { version, isAspired } = found
  const configured = (config: TritonConfig): OfferedVersion => ({
    version,
    isAspired,
    fingerprint: `${fingerprint} ${createHash('sha256').update(JSON.stringify(config)).digest('hex')}`,
    load: () => loadConfigured(store, { name, found }, config),
    configured,
  })
  const load = () => store.unpackFound(name, found)
  return { version, isAspired, fingerprint, load, configured }
}

type Found = { readonly name: string; readonly found: FoundVersion }

/** A graph becomes another artefact; an archive stays the one that it is, and runs with other settings. */
async function loadConfigured(
  store: ModelStore,
  { name, found }: Found,
  config: TritonConfig,
): Promise<LoadedOffer> {
  if (found.source.kind === 'graph') return store.unpackFound(name, found, { tritonConfig: config })
  const stored = await store.unpackFound(name, found)
  const { inputs, outputs } = stored.manifest
  const signature = inputs === undefined || outputs === undefined ? undefined : { inputs, outputs }
  const readLabels = (file: string) => Promise.reject(labelsNotThere(file))
  const imported = await importTritonConfig(config, { signature, readLabels })
  return { ...stored, overrides: imported.config }
}

function labelsNotThere(file: string): ServingError {
  return new ServingError(
    'invalid_argument',
    `the label file '${file}' cannot be given in a load request; pack the labels into the archive`,
    { reason: 'load_config' },
  )
}
