import { readFile } from 'node:fs/promises'
import { posix } from 'node:path'
import { brokenArchive, quote } from '../archive-errors.ts'
import { readTritonConfig } from '../triton/read-config.ts'
import type { TritonConfig } from '../triton/model-config-schema.ts'
import type { FoundModel, FoundSource, FoundVersion } from './found-model.ts'
import { findGraphFile } from './graph-file.ts'
import { resolveInside } from './resolve-inside.ts'
import { aspiredVersions, versionFolders, type VersionFolder } from './version-folders.ts'

const TRITON_CONFIG = 'config.pbtxt'
const MODEL_CONFIG = 'model-config.yaml'
/** What a graph without a version is served as. */
const ONLY_VERSION = '1'

type ModelDirectory = {
  readonly root: string
  /** Relative to `root`; `''` is `root` itself. */
  readonly folder: string
  readonly name: string
  readonly location: string
  /** A person named it: its configuration may call it differently. */
  readonly isNamed: boolean
}

/**
 * The model that a directory holds: folders of versions, or one graph.
 *
 * @returns undefined when there is no graph
 * @throws ServingError `invalid_argument` for a configuration that cannot be read, or is of another model
 */
export async function findModelDirectory(directory: ModelDirectory): Promise<FoundModel | undefined> {
  const { root, folder, location } = directory
  const real = await resolveInside(root, folder)
  if (real === undefined) return undefined
  const config = await readConfig(directory)
  const name = nameOf(directory, config)
  const folders = await versionFolders(real)
  const versions = await foundVersions(directory, folders, config)
  if (versions.length > 0) return { name, versions: aspiring(versions, config) }
  const source = await graphIn(directory, folder, config)
  if (source !== undefined) {
    return { name, versions: [{ version: ONLY_VERSION, location, source, isAspired: true }] }
  }
  if (config === undefined) return undefined
  const expected = named(config) ?? 'model.onnx'
  throw brokenArchive(`${quote(location)} holds no ${expected}; expected <integer>/${expected}`)
}

async function foundVersions(
  directory: ModelDirectory,
  folders: readonly VersionFolder[],
  config: TritonConfig | undefined,
): Promise<Omit<FoundVersion, 'isAspired'>[]> {
  const found: Omit<FoundVersion, 'isAspired'>[] = []
  for (const { folder, version } of folders) {
    const source = await graphIn(directory, posix.join(directory.folder, folder), config)
    if (source !== undefined) found.push({ version, location: `${directory.location}/${folder}`, source })
  }
  return found
}

function aspiring(
  versions: readonly Omit<FoundVersion, 'isAspired'>[],
  config: TritonConfig | undefined,
): FoundVersion[] {
  const names = versions.map(({ version }) => version)
  const aspired = aspiredVersions(names, config?.version_policy)
  return versions.map((version) => ({ ...version, isAspired: aspired.has(version.version) }))
}

async function graphIn(
  { root, folder }: ModelDirectory,
  versionFolder: string,
  config: TritonConfig | undefined,
): Promise<FoundSource | undefined> {
  const file = await findGraphFile(root, versionFolder, named(config))
  if (file === undefined) return undefined
  const own = posix.join(versionFolder, MODEL_CONFIG)
  const shared = posix.join(folder, MODEL_CONFIG)
  const modelConfig = (await isThere(root, own)) ? own : (await isThere(root, shared)) ? shared : undefined
  return {
    kind: 'graph',
    root,
    file,
    ...(config === undefined ? {} : { tritonConfig: posix.join(folder, TRITON_CONFIG) }),
    ...(modelConfig === undefined ? {} : { modelConfig }),
  }
}

/** An empty text is protobuf's way to say nothing. */
function named(config: TritonConfig | undefined): string | undefined {
  return config?.default_model_filename === '' ? undefined : config?.default_model_filename
}

async function readConfig({ root, folder }: ModelDirectory): Promise<TritonConfig | undefined> {
  const path = await resolveInside(root, posix.join(folder, TRITON_CONFIG))
  return path === undefined ? undefined : readTritonConfig(await readFile(path, 'utf8'), TRITON_CONFIG)
}

/** @throws ServingError `invalid_argument` */
function nameOf({ name, location, isNamed }: ModelDirectory, config: TritonConfig | undefined): string {
  const own = config?.name ?? ''
  if (own === '' || own === name) return name
  if (isNamed) return own
  throw brokenArchive(
    `${quote(location)} holds a ${TRITON_CONFIG} of model ${quote(own)}; the directory must have the model's name`,
  )
}

async function isThere(root: string, path: string): Promise<boolean> {
  return (await resolveInside(root, path)) !== undefined
}
