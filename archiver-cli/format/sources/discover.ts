import { lstat, readdir, stat } from 'node:fs/promises'
import { basename, dirname, join, posix, resolve } from 'node:path'
import { messageOf } from '../../../worker/contract/errors.ts'
import { compareVersions, isValidName } from '../../../worker/contract/model-id.ts'
import { blamingArchive, brokenArchive, quote } from '../archive-errors.ts'
import { readManifest } from '../archive-reader.ts'
import { MANIFEST_PATH } from '../manifest.ts'
import type { Discovery, FoundModel, FoundProblem, FoundVersion } from './found-model.ts'
import { findGraphFile } from './graph-file.ts'
import { findModelDirectory } from './model-directory.ts'
import { resolveInside } from './resolve-inside.ts'
import { versionFolders, versionOf } from './version-folders.ts'

const ARCHIVE_SUFFIXES = ['.mar', '.tar.gz', '.tgz']
/** What a bare graph is served as. */
const ONLY_VERSION = '1'

/**
 * Lists the models in a directory of models: archives, packed or not; `<name>.onnx`; `<name>/<integer>/model.onnx` as
 * for TensorFlow Serving, and with `config.pbtxt` as for Triton; `<name>/model.onnx`. Everything else is passed over,
 * hidden names too. What cannot be served is a problem of its own, and hides nothing else.
 *
 * Reads names, manifests and configurations; no weights.
 */
export async function discoverModels(root: string): Promise<Discovery> {
  const found: FoundModel[] = []
  const problems: FoundProblem[] = []
  for (const entry of (await readdir(root)).sort()) {
    if (entry.startsWith('.')) continue
    try {
      found.push(...(await findEntry({ root, entry })))
    } catch (error) {
      problems.push({ location: entry, message: messageOf(error) })
    }
  }
  return { models: merged(found, problems), problems }
}

/**
 * What a path given by a person means: one model (a file, or a directory that is laid out as one model or one of its
 * versions), else a directory of models, or the one that KServe mounts for TorchServe.
 *
 * @param name what a person calls the one model there; absent: as its place or its configuration says
 * @throws ServingError `invalid_argument` when it is neither | `not_found`
 */
export async function discoverPath(path: string, name?: string): Promise<Discovery> {
  const isDirectory = await blamingArchive(path, async () => (await stat(path)).isDirectory(), quote(path))
  const named = { isNamed: true, ...(name === undefined ? {} : { name }) }
  if (!isDirectory)
    return only(await findEntry({ root: dirname(path), entry: basename(path), ...named }), path)
  if (await isOneModel(path)) return only(await findEntry({ root: path, entry: '', ...named }), path)
  const discovery = await discoverModels((await torchServeStore(path)) ?? path)
  if (discovery.models.length > 0 || discovery.problems.length > 0) return discovery
  throw brokenArchive(
    `directory ${quote(path)} holds no model; expected *.onnx, archives, or directories such as <model>/<integer>/model.onnx`,
  )
}

/** The model store in a directory that KServe mounts for TorchServe: `model-store/` beside `config/`. */
async function torchServeStore(path: string): Promise<string | undefined> {
  const names = await readdir(path)
  if (!['config', 'model-store'].every((name) => names.includes(name))) return undefined
  const store = join(path, 'model-store')
  return (await stat(store)).isDirectory() ? store : undefined
}

function only(models: FoundModel[], path: string): Discovery {
  if (models.length > 0) return { models, problems: [] }
  throw brokenArchive(`${quote(path)} is no model; expected a file *.onnx, *.mar or *.tar.gz, or a directory`)
}

/** Whether the directory is one model itself, and not a directory of models. */
async function isOneModel(path: string): Promise<boolean> {
  const names = await readdir(path)
  if (['MAR-INF', 'config.pbtxt', 'model.onnx'].some((name) => names.includes(name))) return true
  for (const { folder } of await versionFolders(path)) {
    if ((await findGraphFile(path, folder)) !== undefined) return true
  }
  return false
}

/** An entry of `root`; `''` is `root` itself. */
type Entry = {
  readonly root: string
  readonly entry: string
  /** A person named it: it may be called differently from what its configuration says. */
  readonly isNamed?: boolean
  /** What the person calls it. */
  readonly name?: string
}

/**
 * The model that an entry of a directory of models is, or none.
 *
 * @throws ServingError `invalid_argument` | `not_found`
 */
export async function findEntry(entry: Entry): Promise<FoundModel[]> {
  const location = locationOf(entry)
  const blaming = <T>(work: () => Promise<T>) => blamingArchive(entry.root, work, `model ${quote(location)}`)
  const { kind, path } = await blaming(() => whatIs(entry))
  switch (kind) {
    case 'archive':
      return [await archiveAt(path, location)]
    case 'graph':
      return blaming(async () => [bareGraph(entry)])
    case 'directory':
      return blaming(() => directoryModels(entry, location))
    case 'other':
      return []
    default:
      return kind satisfies never
  }
}

type What = { readonly kind: 'archive' | 'graph' | 'directory' | 'other'; readonly path: string }

async function whatIs({ root, entry, isNamed = false }: Entry): Promise<What> {
  // What a person names may be a link to anywhere.
  const path = isNamed ? join(root, entry) : await resolveInside(root, entry)
  if (path === undefined) return { kind: 'other', path: entry }
  const stats = await stat(path)
  if (stats.isDirectory()) return { kind: (await isUnpackedArchive(path)) ? 'archive' : 'directory', path }
  if (!stats.isFile()) return { kind: 'other', path }
  if (ARCHIVE_SUFFIXES.some((suffix) => entry.endsWith(suffix))) return { kind: 'archive', path }
  return { kind: entry.endsWith('.onnx') ? 'graph' : 'other', path }
}

async function isUnpackedArchive(directory: string): Promise<boolean> {
  return lstat(join(directory, MANIFEST_PATH)).then(
    () => true,
    () => false, // not there: no archive
  )
}

async function directoryModels(
  { root, entry, isNamed = false, name: given }: Entry,
  location: string,
): Promise<FoundModel[]> {
  const ownVersion = entry === '' ? versionOf(location) : undefined
  const name = ownVersion === undefined ? location : basename(dirname(resolve(root)))
  const found = await findModelDirectory({ root, folder: entry, name, location, isNamed })
  if (found === undefined) return []
  const model = given === undefined ? found : { ...found, name: given }
  checkName(model.name, location)
  const [first, ...others] = model.versions
  if (ownVersion === undefined || first === undefined || others.length > 0) return [model]
  return [{ ...model, versions: [{ ...first, version: ownVersion }] }]
}

function locationOf({ root, entry }: Entry): string {
  return entry === '' ? basename(resolve(root)) : entry
}

async function archiveAt(path: string, location: string): Promise<FoundModel> {
  const { modelName, modelVersion } = (await readManifest(path)).model
  const source = { kind: 'archive', path } as const
  return { name: modelName, versions: [{ version: modelVersion, location, source, isAspired: true }] }
}

function bareGraph({ root, entry: file, name = posix.basename(file, '.onnx') }: Entry): FoundModel {
  checkName(name, file)
  const source = { kind: 'graph', root, file } as const
  return { name, versions: [{ version: ONLY_VERSION, location: file, source, isAspired: true }] }
}

function checkName(name: string, location: string): void {
  if (isValidName(name)) return
  throw brokenArchive(
    `${quote(location)} cannot name a model: use letters, digits, '.', '_' and '-', starting with a letter or digit, or give --model-name`,
  )
}

/** One model for every name; of two sources of one version the first stays, and the other is a problem. */
function merged(found: readonly FoundModel[], problems: FoundProblem[]): FoundModel[] {
  const byName = new Map<string, FoundVersion[]>()
  for (const { name, versions } of found) {
    const known = byName.get(name) ?? []
    byName.set(name, known)
    for (const version of versions) {
      const twin = known.find((each) => each.version === version.version)
      if (twin === undefined) known.push(version)
      else {
        const message = `${quote(version.location)} and ${quote(twin.location)} are both version ${version.version} of model ${quote(name)}; the latter is served`
        problems.push({ location: version.location, message })
      }
    }
  }
  return [...byName]
    .map(([name, versions]) => ({
      name,
      versions: versions.sort((a, b) => compareVersions(a.version, b.version)),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}
