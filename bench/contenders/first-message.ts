import type { ChildProcess } from 'node:child_process'

/** The first message of a forked process; rejects when it ends without one. */
export function firstMessage(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    child.once('message', resolve)
    // Comes after the last message, unlike `exit`.
    child.once('disconnect', () => {
      reject(new Error(`process ${child.pid ?? '?'} ended early`))
    })
    child.once('error', reject)
  })
}
