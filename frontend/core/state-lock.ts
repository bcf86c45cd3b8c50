import { mkdir, open, readFile, rm, unlink } from 'node:fs/promises'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ServingError } from '../../worker/contract/errors.ts'

/** Keeps a second server out of the same state directory until it is released. */
export type StateLock = { release(): Promise<void> }

/**
 * Locks a state directory for one server.
 *
 * The file names its owner by process id and start time, so that the lock of a server that was killed is
 * recognised as stale even when its process id has been given to another program. Where there is no /proc, a
 * leftover lock is taken over.
 *
 * @throws ServingError `failed_precondition` when another server holds it.
 */
export async function lockState(directory: string, pid: number): Promise<StateLock> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const path = join(directory, 'lock')
  const owner = await readFile(path, 'utf8').catch(() => undefined) // no lock yet
  if (owner !== undefined) {
    if (isAlive(owner)) throw stateInUse(directory, `the server with process id ${owner.split(' ')[0]}`)
    await rm(path, { force: true })
  }
  const file = await open(path, 'wx', 0o600).catch((error: unknown) => {
    throw isTaken(error) ? stateInUse(directory, 'another server') : error
  })
  try {
    await file.writeFile(identityOf(pid))
  } finally {
    await file.close()
  }
  return { release: () => unlink(path) }
}

/** The process that holds a state directory; undefined when it is free, or its owner is gone. */
export async function lockOwner(directory: string): Promise<{ readonly pid: number } | undefined> {
  const owner = await readFile(join(directory, 'lock'), 'utf8').catch(() => undefined) // no lock
  return owner !== undefined && isAlive(owner) ? { pid: Number(owner.split(' ')[0]) } : undefined
}

/** Another server that starts at the same moment was first. */
function isTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EEXIST'
}

function isAlive(identity: string): boolean {
  const pid = Number(identity.split(' ')[0])
  const now = identityOf(pid)
  return now === identity && now.includes(' ')
}

/** `pid startTime`, or the pid alone when the process is gone, a zombie, or the system has no /proc. */
function identityOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The second field is the command in parentheses and may hold anything; the third is the state.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const [state, startTime] = [fields[0], fields[19]]
    return state === 'Z' || startTime === undefined ? String(pid) : `${pid} ${startTime}`
  } catch {
    return String(pid) // gone
  }
}

function stateInUse(directory: string, owner: string): ServingError {
  return new ServingError(
    'failed_precondition',
    `the state directory ${directory} is in use by ${owner}; stop it, or give this server another state directory`,
    { reason: 'state_in_use' },
  )
}
