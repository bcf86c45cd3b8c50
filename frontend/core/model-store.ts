import { randomBytes } from 'node:crypto'
import type { Stats } from 'node:fs'
import { lstat, mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { openArchive, type OpenedArchive } from '../../archiver-cli/format/archive-reader.ts'
import type { ConfigTolerance } from '../../archiver-cli/format/model-config.ts'
import { KnownDigests } from '../../archiver-cli/format/known-digests.ts'
import { fingerprintOf } from '../../archiver-cli/format/sources/fingerprint.ts'
import type { FoundVersion } from '../../archiver-cli/format/sources/found-model.ts'
import { openFound, type OpenOptions } from '../../archiver-cli/format/sources/open-found.ts'
import { ServingError } from '../../worker/contract/errors.ts'
import type { ArchiveSource, StoredModel } from './archive-source.ts'
import { otherDigest } from './errors.ts'
import {
  findStored,
  hasManifest,
  isArchiveFile,
  isLocation,
  locationsOf,
  storeEntries,
  type StoredVersion,
  type StoreEntry,
} from './store-entries.ts'

/** How configurations of archives are read; by default nothing is passed over. */
export type ArchiveReading = {
  readonly tolerance?: ConfigTolerance
  /** Told what was passed over in an archive. */
  readonly onNotice?: (archive: string, notice: string) => void
}

/**
 * The directory of archives, and beside it the unpacked objects that workers load from.
 *
 * An object is named by its archive's digest and never changes. It stays as long as a kept registry snapshot
 * names it, so a restart does not depend on what has since happened to the archive.
 */
export class ModelStore implements ArchiveSource {
  /** Where the archives are. */
  readonly directory: string
  readonly #objects: string
  readonly #reading: ArchiveReading
  readonly #digests = new KnownDigests()

  constructor(directory: string, objects: string, reading: ArchiveReading = {}) {
    this.directory = directory
    this.#objects = objects
    this.#reading = reading
  }

  /** Makes both directories and clears what an interrupted unpacking left behind. */
  async prepare(): Promise<void> {
    await mkdir(this.directory, { recursive: true })
    await mkdir(this.#objects, { recursive: true, mode: 0o700 })
    for (const name of await readdir(this.#objects)) {
      if (name.endsWith(TEMPORARY_SUFFIX)) await removeTree(join(this.#objects, name))
    }
  }

  /** What lies in the store, in order. */
  entries(): Promise<StoreEntry[]> {
    return storeEntries(this.directory)
  }

  /** What can be loaded from the store, in order: archives, and versions of models that are none. */
  async list(): Promise<string[]> {
    return locationsOf(await this.entries()).sort()
  }

  /**
   * Verifies and unpacks an archive of the store, or a version of a model in it that is no archive.
   *
   * @param archive name of the archive; else `model.onnx`, `resnet`, or `resnet/3`
   * @throws ServingError `not_found` | `invalid_argument` (a name that leaves the store, a broken archive)
   */
  async load(archive: string, sha256?: string): Promise<StoredModel> {
    return this.#keep(archive, await this.#open(archive), sha256)
  }

  /**
   * Verifies and unpacks an archive that lies elsewhere.
   *
   * @param archive what it is called from now on
   * @throws ServingError `invalid_argument` (a broken archive, or another digest)
   */
  async unpack(archive: string, path: string, sha256?: string): Promise<StoredModel> {
    return this.#keep(archive, await openArchive(path, this.#reading.tolerance, this.#digests), sha256)
  }

  /**
   * Verifies and unpacks a version that was found elsewhere.
   *
   * @param name what its model is called
   * @param options what applies instead of its `config.pbtxt`
   * @throws ServingError `not_found` | `invalid_argument`
   */
  async unpackFound(
    name: string,
    version: FoundVersion,
    options: Pick<OpenOptions, 'tritonConfig'> = {},
  ): Promise<StoredModel> {
    const opened = await openFound(name, version, { ...this.#reading, ...options, digests: this.#digests })
    return this.#keep(version.location, opened)
  }

  async #keep(archive: string, opened: OpenedArchive, sha256?: string): Promise<StoredModel> {
    try {
      if (sha256 !== undefined && sha256 !== opened.digest) throw otherDigest(archive, sha256, opened.digest)
      for (const notice of opened.notices) this.#reading.onNotice?.(archive, notice)
      const modelDir = join(this.#objects, opened.digest)
      if (!(await exists(modelDir))) await this.#unpack(opened, modelDir)
      return storedModel(archive, opened.digest, modelDir, opened)
    } finally {
      await opened.close()
    }
  }

  async #open(archive: string): Promise<OpenedArchive> {
    const { name, version } = await this.#find(archive)
    return openFound(name, version, { ...this.#reading, digests: this.#digests })
  }

  /**
   * Opens what an earlier run unpacked, checking every file again.
   *
   * @throws ServingError `not_found` | `invalid_argument` (the object was changed on disk)
   */
  async restore(archive: string, digest: string): Promise<StoredModel> {
    const modelDir = join(this.#objects, digest)
    if (!(await exists(modelDir))) {
      throw new ServingError('not_found', `the unpacked files of archive '${archive}' are gone: ${digest}`, {
        reason: 'archive',
      })
    }
    const opened = await openArchive(modelDir, this.#reading.tolerance)
    try {
      await opened.verify()
    } finally {
      await opened.close()
    }
    return storedModel(archive, digest, modelDir, opened)
  }

  /**
   * Whether an archive of the store is another one than what was unpacked from it. One that has not been written
   * since is not read; one that is gone or broken counts as unchanged.
   */
  async hasChanged(archive: string, digest: string): Promise<boolean> {
    try {
      const { name, version } = await this.#find(archive)
      const { writtenAtMs } = await fingerprintOf(version.source)
      const unpacked = await lstat(join(this.#objects, digest))
      // An object is renamed into its place when it is whole, and never touched again.
      return writtenAtMs > unpacked.ctimeMs && (await digestOf(name, version)) !== digest
    } catch {
      return false // what is registered is served all the same
    }
  }

  /** Removes unpacked objects that nothing names any more, and what was prepared of them. */
  async collect(digestsInUse: ReadonlySet<string>): Promise<void> {
    for (const name of await readdir(this.#objects)) {
      const [digest = name] = name.split('.')
      if (!digestsInUse.has(digest) && !name.endsWith(TEMPORARY_SUFFIX))
        await removeTree(join(this.#objects, name))
    }
  }

  /** Unpacked beside its final name and renamed: an object is whole or absent. */
  async #unpack(opened: OpenedArchive, modelDir: string): Promise<void> {
    const temporary = `${modelDir}-${randomBytes(6).toString('hex')}${TEMPORARY_SUFFIX}`
    try {
      await opened.extractTo(temporary)
      await rename(temporary, modelDir)
    } catch (error) {
      await removeTree(temporary)
      // Another registration of the same archive may have been first; then its object is ours too.
      if (!(await exists(modelDir))) throw error
    }
  }

  async #find(archive: string): Promise<StoredVersion> {
    if (!isLocation(archive)) {
      throw new ServingError(
        'invalid_argument',
        `'${archive}' is not the name of an archive: give the file name of an archive in the model store, for example 'digits.mar'`,
        { reason: 'archive_name' },
      )
    }
    const path = join(this.directory, archive)
    const found = await lstat(path).catch(() => undefined) // absent or unreadable: the same answer
    if (found === undefined) throw await this.#archiveNotFound(archive)
    if (isArchiveFile(archive) || (await hasManifest(path))) return archiveAt(archive, path, found)
    const stored = await findStored(this.directory, archive)
    if (stored === undefined) throw await this.#archiveNotFound(archive)
    return stored
  }

  async #archiveNotFound(archive: string): Promise<ServingError> {
    const known = await this.list()
    const hint = known.length === 0 ? 'it is empty' : `it holds: ${known.slice(0, 20).join(', ')}`
    return new ServingError('not_found', `archive '${archive}' is not in the model store; ${hint}`, {
      reason: 'archive',
    })
  }
}

const TEMPORARY_SUFFIX = '.tmp'

function storedModel(archive: string, digest: string, modelDir: string, opened: OpenedArchive): StoredModel {
  const { manifest, config } = opened
  const modelBytes = manifest.files.reduce((sum, file) => sum + file.bytes, 0)
  return { archive, digest, modelDir, modelBytes, manifest, config }
}

/** A plain name that is no link is a child of the store. @throws ServingError `invalid_argument` */
function archiveAt(archive: string, path: string, found: Stats): StoredVersion {
  if (found.isSymbolicLink()) {
    throw new ServingError(
      'invalid_argument',
      `archive '${archive}' is a link; put the file itself into the store`,
      { reason: 'archive_name' },
    )
  }
  // Its manifest says which model and version it is.
  const version = {
    version: '',
    location: archive,
    isAspired: true,
    source: { kind: 'archive', path },
  } as const
  return { name: '', version }
}

async function digestOf(name: string, version: FoundVersion): Promise<string> {
  const opened = await openFound(name, version)
  await opened.close()
  return opened.digest
}

async function exists(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined)) !== undefined // absent or unreadable: the same answer
}

async function removeTree(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true })
}
