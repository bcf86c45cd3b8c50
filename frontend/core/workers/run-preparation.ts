import { execFile, type ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { arch, cpus } from 'node:os'
import { moduleFile } from '../../../worker/contract/module-file.ts'
import type { Preparation } from '../../../worker/contract/preparation.ts'
import { boundAddressSpace, sessionAddressSpaceBytes } from './launch-command.ts'
import type { RunPreparation } from './prepared-graphs.ts'
import { MAX_QUIET_MS, type ProcessPriority } from './process-priority.ts'

/** The graph as it came, and the two ways that are compared. */
const SESSIONS = 3

export type PreparationOptions = {
  /** Of the child, the worker's allow-list. */
  readonly environment: Readonly<Record<string, string>>
  /** Puts the child behind the processes that serve; absent: it is their equal. */
  readonly priority?: ProcessPriority | undefined
}

/** Runs `worker/probe` as a child process. */
export function childPreparation(
  node: { readonly execPath: string; readonly execArgv: readonly string[] },
  { environment, priority }: PreparationOptions,
): RunPreparation {
  const entry = moduleFile(import.meta.url, '../../../worker/probe/main.ts')
  return (request, { modelBytes, timeoutMs }) => {
    const command = [node.execPath, ...node.execArgv, entry, 'prepare', JSON.stringify(request)]
    const [file = node.execPath, ...args] = boundAddressSpace(
      command,
      sessionAddressSpaceBytes(SESSIONS, modelBytes),
    )
    const options = { env: environment, timeout: timeoutMs, killSignal: 'SIGKILL' } as const
    return new Promise((resolve, reject) => {
      const child = execFile(file, args, options, (error, stdout) => {
        // It ends itself by SIGKILL after its answer.
        const line = stdout.trim().split('\n').at(-1) ?? ''
        if (line.startsWith('{'))
          resolve(JSON.parse(line) as Preparation) // our own program's answer
        else
          reject(new Error(`the process ended with ${error?.signal ?? 'no answer'} within ${timeoutMs} ms`))
      })
      if (priority !== undefined) runQuietly(child, priority)
    })
  }
}

function runQuietly(child: ChildProcess, priority: ProcessPriority): void {
  const { pid } = child
  if (pid === undefined) return // it could not be started
  priority.lower(pid)
  const timer = setTimeout(() => {
    priority.restore(pid)
  }, MAX_QUIET_MS).unref()
  child.once('exit', () => {
    clearTimeout(timer)
  })
}

/** What the engine's optimizations depend on: its release, and the processor's abilities. */
export function graphEnvironment(): string {
  return JSON.stringify([runtimeVersion(), arch(), cpus()[0]?.model, cpuFlags()])
}

/** Read from its package; this process never loads it. */
function runtimeVersion(): string {
  const path = createRequire(import.meta.url).resolve('onnxruntime-node/package.json')
  return String((JSON.parse(readFileSync(path, 'utf8')) as { readonly version: unknown }).version) // of npm's form
}

function cpuFlags(): string {
  try {
    const flags = /^(?:flags|Features)\s*:\s*(.+)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? ''
    return createHash('sha256').update(flags).digest('hex')
  } catch {
    return '' // no Linux: the model's name says what the processor can do
  }
}
