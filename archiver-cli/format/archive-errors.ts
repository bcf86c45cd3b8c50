import { basename } from 'node:path'
import { ServingError, messageOf } from '../../worker/contract/errors.ts'

/** The archive is at fault. The message starts after the archive's name, which {@link blamingArchive} adds. */
export function brokenArchive(problem: string, cause?: unknown): ServingError {
  return new ServingError('invalid_argument', problem, { cause, reason: 'archive' })
}

export function brokenEntry(path: string, problem: string, cause?: unknown): ServingError {
  return brokenArchive(`entry ${quote(path)} ${problem}`, cause)
}

/** A name from outside, made safe for a one-line message. */
export function quote(name: string): string {
  const visible = name.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  return `'${visible.length > 200 ? `${visible.slice(0, 200)}…` : visible}'`
}

/** Reasons of errors that do not name the archive yet. */
const BLAMES = new Set(['archive', 'model_config', 'text_proto'])

/**
 * Runs work on an archive so that every error it may fairly be blamed for names the archive.
 *
 * Anything else (a bug, an I/O error of the disk) passes unchanged.
 *
 * @param archive what it is called
 */
export async function blamingArchive<T>(
  path: string,
  work: () => Promise<T>,
  archive = `archive ${quote(basename(path))}`,
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof ServingError && error.reason !== undefined && BLAMES.has(error.reason)) {
      const { code, reason, cause } = error
      throw new ServingError(code, `${archive}: ${error.message}`, { reason, cause })
    }
    throw (concerns(path, error) ? systemError(archive, error) : undefined) ?? error
  }
}

/** Errors of an open handle carry no path; those of extracting carry one that lies elsewhere. */
function concerns(archivePath: string, error: unknown): boolean {
  const code = systemCode(error)
  if (code === 'ENOSPC' || code === 'EDQUOT') return true
  return error instanceof Error && 'path' in error ? String(error.path).startsWith(archivePath) : true
}

function systemError(archive: string, error: unknown): ServingError | undefined {
  const options = { cause: error, reason: 'archive' }
  switch (systemCode(error)) {
    case 'ENOENT':
      return new ServingError('not_found', `${archive} does not exist`, options)
    case 'ELOOP':
      return new ServingError(
        'invalid_argument',
        `${archive} is a symbolic link; use the file itself`,
        options,
      )
    case 'EACCES':
    case 'EPERM':
      return new ServingError('invalid_argument', `${archive} cannot be read: ${messageOf(error)}`, options)
    case 'ENOSPC':
    case 'EDQUOT':
      return new ServingError('resource_exhausted', `${archive} does not fit: the disk is full`, {
        cause: error,
        reason: 'disk_full',
      })
    default:
      return undefined
  }
}

/** The `code` of an operating system error, for example `ENOENT`. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
