import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * What a running server says of itself in its state directory, for `onnxserve status`, `stop` and scripts. With port
 * 0 it is where to read the ports that the operating system chose.
 */
export type RunRecord = {
  readonly pid: number
  readonly version: string
  readonly startedAt: string
  /** `starting`: it listens, and its models still load. */
  readonly state: 'starting' | 'started'
  readonly addresses: Readonly<Record<string, string>>
  readonly drainTimeoutMs: number
}

const FILE_NAME = 'server.json'

/** Replaces the file as a whole: a reader never sees half of it. */
export async function writeRunRecord(stateDir: string, record: RunRecord): Promise<void> {
  await mkdir(stateDir, { recursive: true, mode: 0o700 })
  const path = join(stateDir, FILE_NAME)
  await writeFile(`${path}.tmp`, `${JSON.stringify(record, undefined, 2)}\n`, { mode: 0o600 })
  await rename(`${path}.tmp`, path)
}

/** Undefined where no server has said anything, or what it said is not readable. */
export async function readRunRecord(stateDir: string): Promise<RunRecord | undefined> {
  try {
    return JSON.parse(await readFile(join(stateDir, FILE_NAME), 'utf8')) as RunRecord // written by this file
  } catch {
    return undefined // none, or of another version: then its process decides
  }
}

export async function removeRunRecord(stateDir: string): Promise<void> {
  await rm(join(stateDir, FILE_NAME), { force: true })
}
