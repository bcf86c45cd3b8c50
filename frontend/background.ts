import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, fstatSync, mkdirSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'

/** How a server is started in a process of its own. */
export type BackgroundCommand = {
  readonly execPath: string
  /** Flags of Node.js, the program, its arguments. */
  readonly args: readonly string[]
  readonly logLocation: string
}

/** Sent by a server in the background when its models are ready or have failed. */
export const STARTED_MESSAGE = 'started'

export type BackgroundOutcome =
  | { readonly isStarted: true; readonly pid: number; readonly logFile: string }
  /** `log` is the end of what it wrote. */
  | { readonly isStarted: false; readonly exitCode: number; readonly log: string; readonly logFile: string }

const LOG_FILE_NAME = 'onnxserve.log'
const MAX_SHOWN_BYTES = 4096
const EXIT_FAILURE = 1

/**
 * Starts a server that outlives this process: a session of its own, no terminal, its output at the end of a log
 * file. Resolves when it has said that it has started, or has ended.
 *
 * @param onSpawn is handed the process while it starts, to end it with this one
 */
export async function startInBackground(
  { execPath, args, logLocation }: BackgroundCommand,
  onSpawn: (child: ChildProcess) => void,
): Promise<BackgroundOutcome> {
  mkdirSync(logLocation, { recursive: true })
  const logFile = join(logLocation, LOG_FILE_NAME)
  const log = openSync(logFile, 'a+', 0o640)
  const logStart = fstatSync(log).size
  try {
    const child = spawn(execPath, args, { detached: true, stdio: ['ignore', log, log, 'ipc'] })
    onSpawn(child)
    const exitCode = await Promise.race([startedBy(child), endOf(child)])
    if (exitCode !== undefined) {
      return { isStarted: false, exitCode, log: endOfLog(log, logStart), logFile }
    }
    if (child.connected) child.disconnect()
    child.unref()
    return { isStarted: true, pid: child.pid ?? 0, logFile }
  } finally {
    closeSync(log)
  }
}

async function startedBy(child: ChildProcess): Promise<undefined> {
  await once(child, 'message')
}

async function endOf(child: ChildProcess): Promise<number> {
  const [code] = (await once(child, 'exit')) as [number | null] // the event's documented arguments
  return code ?? EXIT_FAILURE
}

function endOfLog(log: number, start: number): string {
  const end = fstatSync(log).size
  const from = Math.max(start, end - MAX_SHOWN_BYTES)
  const bytes = Buffer.alloc(end - from)
  return bytes.toString('utf8', 0, readSync(log, bytes, 0, bytes.length, from))
}
