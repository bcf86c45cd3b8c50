import { chmodSync } from 'node:fs'
import { lstat, unlink } from 'node:fs/promises'
import { connect } from 'node:net'

/** Only the server's own user: a listener may be one on which models, that is code, are registered. */
const OWNER_ONLY = 0o600

/**
 * Removes the socket that a killed server has left behind; without it the path cannot be bound again.
 *
 * One that is answered stays, and so does a file that is no socket: binding then fails with `EADDRINUSE`.
 */
export async function removeStaleSocket(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined) // nothing there: nothing to remove
  if (found?.isSocket() === true && !(await isAnswered(path))) await unlink(path)
}

export function protectSocket(path: string): void {
  chmodSync(path, OWNER_ONLY)
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT')
    })
  })
}
