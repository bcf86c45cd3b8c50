import type { ModelConfig } from '../../archiver-cli/format/model-config.ts'
import { messageOf } from '../../worker/contract/errors.ts'
import { isSameModel, type ModelId } from '../../worker/contract/model-id.ts'
import { otherVersion } from './errors.ts'
import type { ManagementService } from './management.ts'
import type { ModelRegistry } from './model-registry.ts'
import type { StoredModel } from './archive-source.ts'
import type { ModelStore } from './model-store.ts'
import { openServedPaths, type ServedPaths } from './served-paths.ts'
import type { ModelVersion } from './model-version.ts'
import type { RegistryJournal } from './registry-journal.ts'
import { noteDeclared, noteRestored, type Note } from './startup-notes.ts'
import type { RegistryState, StateStore } from './snapshot.ts'

export type StartupOptions = {
  readonly served: ServedPaths
  readonly store: ModelStore
  readonly snapshots: StateStore
  readonly journal: RegistryJournal
  readonly management: ManagementService
  readonly registry: ModelRegistry
  readonly loadModels: DeclaredModels
  readonly models: readonly DeclaredVersion[]
  /** TorchServe's order: what is declared counts only where an earlier run saved nothing. */
  readonly savedStateFirst: boolean
  readonly note: Note
}

/** Archives that the configuration says are always served; a `name` overrides the manifest's. */
export type DeclaredModels =
  | { readonly kind: 'none' | 'all' }
  | {
      readonly kind: 'list'
      readonly archives: readonly { readonly name?: string; readonly archive: string }[]
    }

/** A version that the configuration says is always served. */
export type DeclaredVersion = ModelId & {
  readonly archive: string
  /** Whether it becomes the default when it is registered. */
  readonly isDefault: boolean
  readonly settings: ModelConfig
}

/** Something that went wrong at the start. */
export type StartupFailure = {
  /**
   * What is not served because of it, for as long as nothing else takes its place: a version, or an archive whose
   * version is not known. A text is a chore that failed and leaves everything served.
   */
  readonly missing: ModelId | { readonly archive: string } | string
  readonly message: string
}

/** Runs a step; if it fails, notes the sentence and goes on. @returns whether it succeeded */
type Attempt = (missing: StartupFailure['missing'], action: () => Promise<unknown>) => Promise<boolean>

type Declared = {
  readonly name: string | undefined
  readonly stored: StoredModel
  readonly isDefault: boolean
}

/**
 * Brings back what was acknowledged before, and adds what the configuration declares.
 *
 * Nothing is written until every acknowledged version is back in the registry: a crash during the start loses
 * nothing. A declared archive that has changed in the store since replaces the restored version of the same name
 * and number; how it was scaled stays.
 *
 * @returns what could not be served; the rest is served all the same.
 */
export async function loadStartupModels(options: StartupOptions): Promise<StartupFailure[]> {
  const failures: StartupFailure[] = []
  const attempt: Attempt = async (missing, action) => {
    try {
      await action()
      return true
    } catch (error) {
      failures.push({ missing, message: told(missing, messageOf(error)) })
      return false
    }
  }
  const state = (await options.snapshots.read()) ?? { models: [] }
  for (const message of options.snapshots.damage) failures.push({ missing: 'the registry', message })
  const declared = await openCounting(state, options, attempt)
  await restoreAll(state, declared, options, attempt)
  // Before anyone else can unpack an archive.
  await attempt('unused files', () => collectObjects(declared, options))
  options.management.open()
  await Promise.all(options.registry.names().map((name) => startModel(name, options, attempt)))
  await registerDeclared(declared, options, attempt)
  await noteRestored(state, options, options.note)
  return failures
}

/** What the configuration declares, as far as it counts beside what was saved. */
async function openCounting(
  state: RegistryState,
  options: StartupOptions,
  attempt: Attempt,
): Promise<Declared[]> {
  const { savedStateFirst, note } = options
  const declared = await openDeclared(options, attempt)
  const archives = declared.map(({ name, stored }) => ({ model: idOf(name, stored), digest: stored.digest }))
  noteDeclared(archives, { state, savedStateFirst }, note)
  return savedStateFirst && state.models.length > 0 ? [] : declared
}

async function collectObjects(
  declared: readonly Declared[],
  { store, snapshots }: StartupOptions,
): Promise<void> {
  const used = declared.map(({ stored }) => stored.digest)
  await store.collect(new Set([...used, ...(await snapshots.digestsInUse())]))
}

async function openDeclared(
  { loadModels, models, store, served }: StartupOptions,
  attempt: Attempt,
): Promise<Declared[]> {
  const paths = await openServedPaths(served, store, attempt)
  const declared: Declared[] = paths.map((each) => ({ ...each, isDefault: false }))
  for (const { name, version, archive, isDefault } of models) {
    await attempt({ name, version }, async () => {
      const stored = await store.load(archive)
      const { modelVersion } = stored.manifest.model
      if (modelVersion !== version) throw otherVersion(archive, version, modelVersion)
      declared.push({ name, stored, isDefault })
    })
  }
  for (const { name, archive } of await declaredArchives(loadModels, store)) {
    await attempt({ archive }, async () => {
      const stored = await store.load(archive)
      const id = idOf(name, stored)
      const isThere = declared.some((each) => isSameModel(idOf(each.name, each.stored), id))
      if (!isThere) declared.push({ name, stored, isDefault: false })
    })
  }
  return declared
}

async function declaredArchives(loadModels: DeclaredModels, store: ModelStore) {
  switch (loadModels.kind) {
    case 'none':
      return []
    case 'all':
      return (await store.list()).map((archive) => ({ name: undefined, archive }))
    case 'list':
      return loadModels.archives.map(({ name, archive }) => ({ name, archive }))
    default:
      return loadModels satisfies never
  }
}

async function restoreAll(
  state: RegistryState,
  declared: readonly Declared[],
  options: StartupOptions,
  attempt: Attempt,
): Promise<void> {
  for (const model of state.models) {
    options.registry.labels.set(model.name, model.labels ?? {})
    for (const record of model.versions) {
      const id = { name: model.name, version: record.version }
      const isBack = await attempt(id, () => restoreVersion(model, record, declared, options))
      const isDefault = record.version === model.defaultVersion
      if (!isBack) options.journal.retain({ name: model.name, record, isDefault })
    }
    const id = { name: model.name, version: model.defaultVersion }
    if (options.registry.has(id)) options.registry.setDefault(id)
  }
  if (state.models.length > 0) await attempt('the registry', () => options.journal.write())
}

/** The versions of a model start side by side: a slow one keeps nobody waiting. One that fails stays, as `failed`. */
async function startModel(
  name: string,
  { registry, management }: StartupOptions,
  attempt: Attempt,
): Promise<void> {
  const start = (version: ModelVersion) => attempt(version.model, () => management.start(version))
  await Promise.all(registry.versionsOf(name).map(start))
}

/** What is missing and why, named once. */
function told(missing: StartupFailure['missing'], reason: string): string {
  const what = whatOf(missing)
  return reason.startsWith(what) ? reason : `${what}: ${reason}`
}

function whatOf(missing: StartupFailure['missing']): string {
  if (typeof missing === 'string') return missing
  if ('archive' in missing) return `archive '${missing.archive}'`
  return `model '${missing.name}' version '${missing.version}'`
}

async function restoreVersion(
  model: RegistryState['models'][number],
  record: RegistryState['models'][number]['versions'][number],
  declared: readonly Declared[],
  { store, management }: StartupOptions,
): Promise<ModelVersion> {
  const replacement = declared.find(({ name, stored }) => {
    const id = idOf(name, stored)
    return id.name === model.name && id.version === record.version
  })
  const stored = replacement?.stored ?? (await store.restore(record.archive, record.digest))
  const candidate = {
    stored,
    name: model.name,
    handler: record.handler,
    overrides: record.settings,
    loadedAtStartup: replacement !== undefined,
  }
  return management.restore(candidate, record)
}

async function registerDeclared(
  declared: readonly Declared[],
  { registry, management }: StartupOptions,
  attempt: Attempt,
): Promise<void> {
  const missing = declared.filter(({ name, stored }) => !registry.has(idOf(name, stored)))
  await Promise.all(
    missing.map(({ name, stored, isDefault }) =>
      attempt(idOf(name, stored), async () => {
        await management.registerAndWait({ stored, name, overrides: {}, loadedAtStartup: true })
        if (isDefault) await management.setDefault(idOf(name, stored))
      }),
    ),
  )
}

function idOf(name: string | undefined, { manifest }: StoredModel) {
  return { name: name ?? manifest.model.modelName, version: manifest.model.modelVersion }
}
