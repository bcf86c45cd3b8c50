import type { Stats } from 'node:fs'
import { lstat, open, rename } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { ServingError } from '../../worker/contract/errors.ts'
import { quote, systemCode } from './archive-errors.ts'
import { MANIFEST_PATH } from './manifest.ts'

type Move = {
  readonly made: string
  readonly target: string
  /** A private directory beside the target, where an old archive directory goes to be removed. */
  readonly staging: string
  readonly force: boolean
}

/**
 * Refuses a target that exists: without `force` always, with it unless it is an archive of the same kind. Forcing
 * must never remove a directory that merely has the model's name.
 *
 * @throws ServingError `already_exists` | `failed_precondition`
 */
export async function refuseExisting({
  target,
  format,
  force,
}: {
  readonly target: string
  readonly format: string
  readonly force: boolean
}): Promise<void> {
  const stats = await statIfExists(target)
  if (stats === undefined) return
  const name = quote(basename(target))
  if (!force) {
    throw new ServingError(
      'already_exists',
      `${name} exists already in ${dirname(target)}; replace it with --force`,
    )
  }
  const isArchive =
    format === 'no-archive'
      ? (await statIfExists(join(target, MANIFEST_PATH))) !== undefined
      : !stats.isDirectory()
  if (!isArchive) {
    throw new ServingError(
      'failed_precondition',
      `${name} in ${dirname(target)} is not an archive; remove it yourself`,
    )
  }
}

/** Renames a finished archive to its target, and makes the name durable. */
export async function moveIntoPlace({ made, target, staging, force }: Move): Promise<void> {
  const old = force ? await statIfExists(target) : undefined
  // A rename replaces a file by itself, but never a directory with something in it.
  if (old?.isDirectory() === true) {
    const replaced = join(staging, 'replaced')
    await rename(target, replaced)
    await rename(made, target).catch(async (error: unknown) => {
      await rename(replaced, target)
      throw error
    })
  } else {
    await rename(made, target)
  }
  await syncDirectory(dirname(target))
}

async function statIfExists(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path)
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return undefined
    throw error
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}
