import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { MANIFEST_PATH } from '../../archiver-cli/format/manifest.ts'
import { findEntry } from '../../archiver-cli/format/sources/discover.ts'
import type { FoundModel, FoundVersion } from '../../archiver-cli/format/sources/found-model.ts'
import { ServingError } from '../../worker/contract/errors.ts'
import { compareVersions, isValidName } from '../../worker/contract/model-id.ts'

const ARCHIVE_SUFFIXES = ['.mar', '.tar.gz']

/** What an entry of the model store is. Archives are not opened for it. */
export type StoreEntry =
  | { readonly kind: 'archive'; readonly archive: string }
  /** Folders or a graph without an archive. */
  | { readonly kind: 'model'; readonly model: FoundModel }
  | { readonly kind: 'broken'; readonly location: string; readonly error: ServingError }

/** Every model of a store, by the names of its entries. Links, hidden files and whatever is no model are left out. */
export async function storeEntries(directory: string): Promise<StoreEntry[]> {
  const entries: StoreEntry[] = []
  const items = await readdir(directory, { withFileTypes: true })
  for (const item of items.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (isArchiveFile(item.name)) {
      if (item.isFile()) entries.push({ kind: 'archive', archive: item.name })
    } else if (item.isDirectory() && (await hasManifest(join(directory, item.name)))) {
      entries.push({ kind: 'archive', archive: item.name })
    } else if (isValidName(item.name)) {
      entries.push(...(await modelEntries(directory, item.name)))
    }
  }
  return entries
}

async function modelEntries(root: string, location: string): Promise<StoreEntry[]> {
  try {
    return (await findEntry({ root, entry: location })).map((model) => ({ kind: 'model', model }))
  } catch (error) {
    if (error instanceof ServingError) return [{ kind: 'broken', location, error }]
    throw error
  }
}

/** By what registrations name them: archives, and the versions of other models that should be loaded. */
export function locationsOf(entries: readonly StoreEntry[]): string[] {
  return entries.flatMap((entry) => {
    if (entry.kind === 'archive') return [entry.archive]
    if (entry.kind === 'broken') return [entry.location]
    return entry.model.versions.filter(({ isAspired }) => isAspired).map(({ location }) => location)
  })
}

/** A version of a model that is no archive. */
export type StoredVersion = { readonly name: string; readonly version: FoundVersion }

/**
 * What a registration means by `model.onnx`, `resnet`, or `resnet/3`; without a version, the highest of those that
 * should be loaded. Undefined for what is no such thing.
 *
 * @throws ServingError `invalid_argument` when it cannot be served
 */
export async function findStored(root: string, location: string): Promise<StoredVersion | undefined> {
  const [entry = '', folder] = location.split('/')
  const [model] = await findEntry({ root, entry })
  if (model === undefined) return undefined
  const versions = model.versions.filter((each) =>
    folder === undefined ? each.isAspired : each.location === location,
  )
  const version = versions.sort((a, b) => compareVersions(a.version, b.version)).at(-1)
  return version === undefined ? undefined : { name: model.name, version }
}

/** The names of an entry and perhaps of a folder of a version in it: nothing that leaves the store. */
export function isLocation(location: string): boolean {
  const [entry = '', folder, ...deeper] = location.split('/')
  return isValidName(entry) && (folder === undefined || /^\d{1,64}$/.test(folder)) && deeper.length === 0
}

export function isArchiveFile(name: string): boolean {
  return ARCHIVE_SUFFIXES.some((suffix) => name.endsWith(suffix))
}

export async function hasManifest(directory: string): Promise<boolean> {
  return (await lstat(join(directory, MANIFEST_PATH)).catch(() => undefined)) !== undefined // absent: no archive
}
