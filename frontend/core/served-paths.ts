import { basename } from 'node:path'
import { discoverPath } from '../../archiver-cli/format/sources/discover.ts'
import type { FoundModel, FoundVersion } from '../../archiver-cli/format/sources/found-model.ts'
import { ServingError } from '../../worker/contract/errors.ts'
import type { StoredModel } from './archive-source.ts'
import type { ModelStore } from './model-store.ts'

/** Models outside of the model store that are served for as long as the server runs. */
export type ServedPaths = {
  /** Graphs, archives, models in folders, or directories of these. */
  readonly paths: readonly string[]
  /** What the only model there is called; absent: as its file, its directory or its configuration says. */
  readonly name?: string
  /** The version of the only one there; absent: as its directory says, else 1. */
  readonly version?: string
}

export type ServedModel = { readonly name: string; readonly stored: StoredModel }

/** Runs a step; if it fails, notes the sentence and goes on. */
type Attempt = (missing: { readonly archive: string }, action: () => Promise<unknown>) => Promise<boolean>

/** Unpacks what should be loaded of the models at these paths. What fails is noted, and the rest goes on. */
export async function openServedPaths(
  served: ServedPaths,
  store: ModelStore,
  attempt: Attempt,
): Promise<ServedModel[]> {
  const opened: ServedModel[] = []
  for (const { model, version } of await foundVersions(served, attempt)) {
    await attempt({ archive: version.location }, async () => {
      const stored = await store.unpackFound(model.name, version)
      opened.push({ name: served.name ?? model.name, stored })
    })
  }
  return opened
}

type Found = { readonly model: FoundModel; readonly version: FoundVersion }

async function foundVersions(served: ServedPaths, attempt: Attempt): Promise<Found[]> {
  const found: Found[] = []
  for (const path of served.paths) {
    await attempt({ archive: basename(path) }, async () => {
      const { models, problems } = await discoverPath(path, served.name)
      for (const { location, message } of problems) {
        await attempt({ archive: location }, () => Promise.reject(brokenModel(message)))
      }
      const aspired = models.flatMap((model) =>
        model.versions.filter(({ isAspired }) => isAspired).map((version) => ({ model, version })),
      )
      found.push(...aspired)
    })
  }
  checkNaming(served, found)
  const [only] = found
  if (served.version === undefined || only === undefined) return found
  return [{ ...only, version: { ...only.version, version: served.version } }]
}

/** @throws ServingError `invalid_argument` for a name or a version that several would have */
function checkNaming({ name, version }: ServedPaths, found: readonly Found[]): void {
  const locations = found.map(({ version: each }) => each.location)
  const models = new Set(found.map(({ model }) => model))
  if (name !== undefined && models.size > 1) throw ambiguous('model_name', name, locations)
  if (version === undefined) return
  if (found.length > 1) throw ambiguous('model_version', version, locations)
  if (found[0]?.version.source.kind === 'archive') {
    throw new ServingError(
      'invalid_argument',
      `model_version is ${version}, but '${locations[0] ?? ''}' is an archive, which has a version of its own; leave it out`,
      { reason: 'config' },
    )
  }
}

function ambiguous(setting: string, value: string, choices: readonly string[]): ServingError {
  const shown = choices.slice(0, 5).join(', ')
  return new ServingError(
    'invalid_argument',
    `${setting} is '${value}', but there is more than one: ${shown}; leave it out, or serve one of them`,
    { reason: 'config' },
  )
}

function brokenModel(message: string): ServingError {
  return new ServingError('invalid_argument', message, { reason: 'archive' })
}
