import { execFile } from 'node:child_process'
import {
  accessSync,
  closeSync,
  constants,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  realpathSync,
  statSync,
} from 'node:fs'
import type { ExecutionProvider } from '../../worker/contract/messages.ts'

/** What a session on a provider came to, and which shared libraries its process had loaded by then. */
export type ProviderTrial = {
  readonly provider: ExecutionProvider
  readonly usable: boolean
  readonly reason: string
  /** Paths of GPU libraries, symbolic links resolved. */
  readonly libraries?: readonly string[]
}

/** The machine as the doctor sees it: the seam that tests fake. */
export interface System {
  readonly platform: string
  readonly arch: string
  readonly nodeVersion: string
  /** Undefined with another C library than glibc. */
  readonly glibcVersion: string | undefined
  readonly environment: Readonly<Record<string, string | undefined>>
  /** The directory of the runtime's binding. */
  readonly bindingDir: string
  readonly runtimeVersion: string
  /** Names in a directory; none where it cannot be read. */
  list(directory: string): readonly string[]
  /** The text of a file; undefined where it cannot be read. */
  read(path: string): string | undefined
  /** Size, and whether this user may read and write; undefined where there is nothing. */
  stat(
    path: string,
  ): { readonly bytes: number; readonly isReadable: boolean; readonly isWritable: boolean } | undefined
  /** A piece of a file, shorter at its end. @throws when it cannot be read */
  readAt(path: string, offset: number, length: number): Uint8Array
  /** With symbolic links resolved; the path itself where that fails. */
  realPath(path: string): string
  /** Standard output; undefined when the program is not there or fails. */
  run(file: string, args: readonly string[]): Promise<string | undefined>
  tryProviders(providers: readonly ExecutionProvider[]): Promise<readonly ProviderTrial[]>
}

const RUN_TIMEOUT_MS = 10_000

/** The parts that only look at files and programs. */
export const realFiles: Pick<System, 'list' | 'read' | 'stat' | 'readAt' | 'realPath' | 'run'> = {
  list: (directory) => orElse([], () => readdirSync(directory)),
  read: (path) => orElse(undefined, () => readFileSync(path, 'utf8')),
  stat: (path) =>
    orElse(undefined, () => ({
      bytes: statSync(path).size,
      isReadable: isAllowed(path, constants.R_OK),
      isWritable: isAllowed(path, constants.W_OK),
    })),
  readAt: (path, offset, length) => {
    const descriptor = openSync(path, 'r')
    try {
      const bytes = new Uint8Array(length)
      return bytes.subarray(0, readSync(descriptor, bytes, 0, length, offset))
    } finally {
      closeSync(descriptor)
    }
  },
  realPath: (path) => orElse(path, () => realpathSync(path)),
  run: (file, args) =>
    new Promise((resolve) => {
      execFile(file, args, { timeout: RUN_TIMEOUT_MS }, (error, stdout) => {
        resolve(error === null ? stdout : undefined)
      })
    }),
}

function isAllowed(path: string, mode: number): boolean {
  return orElse(false, () => {
    accessSync(path, mode)
    return true
  })
}

function orElse<T>(otherwise: T, read: () => T): T {
  try {
    return read()
  } catch {
    return otherwise // absent or unreadable, which is a finding and no error
  }
}
