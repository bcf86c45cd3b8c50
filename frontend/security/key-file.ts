import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs'
import { securityConfigError } from './errors.ts'

/** One key as the file and the answer to a rotation show it. The key file's members are TorchServe's. */
export type KeyRecord = { readonly key: string; readonly 'expiration time'?: string }

export type KeyRecords = {
  readonly management: KeyRecord
  readonly inference: KeyRecord
  readonly API: KeyRecord
}

/** Only the user of the server may read it: generated keys have to be handed over once, as they are. */
const KEY_FILE_MODE = 0o600

/**
 * Replaces the key file in one step, so that a reader sees the old keys or the new ones. A link in its place is
 * replaced, never followed.
 *
 * @throws ServingError `invalid_argument` naming the path
 */
export function writeKeyFile(path: string, records: KeyRecords): void {
  const temporary = `${path}.${randomBytes(6).toString('hex')}`
  try {
    const file = openSync(temporary, 'wx', KEY_FILE_MODE)
    try {
      writeSync(file, keyFileText(records))
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw securityConfigError(
      `the generated keys cannot be written to '${path}'; set key_file to a path in a writable directory`,
      error,
    )
  }
}

/** The keys in it are worthless once their server has ended; keys of another server are left alone. */
export function removeKeyFile(path: string, records: KeyRecords): void {
  try {
    if (readFileSync(path, 'utf8') === keyFileText(records)) rmSync(path)
  } catch {
    // It has gone already, or was never written.
  }
}

function keyFileText(records: KeyRecords): string {
  return `${JSON.stringify(records, undefined, 2)}\n`
}
