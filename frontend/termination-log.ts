import { closeSync, constants, openSync, writeSync } from 'node:fs'
import { ServingError, messageOf } from '../worker/contract/errors.ts'

/** Kubernetes keeps 4096 bytes. */
const MAX_MESSAGE_CHARACTERS = 1000

/**
 * Leaves word of why the server has not started where Kubernetes looks for it; KServe shows it as the reason why a
 * model has not loaded. One line of JSON; nothing when there is no such file, which is usual outside of a container.
 */
export function writeTerminationLog(path: string, error: unknown, exitCode: number): void {
  const message = messageOf(error)
  const code = error instanceof ServingError ? error.code : 'internal'
  const shown =
    message.length > MAX_MESSAGE_CHARACTERS ? `${message.slice(0, MAX_MESSAGE_CHARACTERS)}…` : message
  try {
    const file = openSync(path, constants.O_WRONLY | constants.O_TRUNC)
    try {
      writeSync(file, `${JSON.stringify({ error: shown, code, exitCode })}\n`)
    } finally {
      closeSync(file)
    }
  } catch {
    // There is none, or it is not ours: the same sentence is on standard error.
  }
}
