import { accessSync, constants } from 'node:fs'
import type { LoadSpec } from '../../../worker/contract/messages.ts'
import { moduleFile, WORKER_V8_FLAGS } from '../../../worker/contract/module-file.ts'

/** What a worker process is started with. */
export type LaunchCommand = {
  readonly file: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

export type LaunchOptions = {
  readonly spec: LoadSpec
  readonly modelBytes: number
  /** Address space of the process; 0 computes it from the model's size and the threads. */
  readonly addressSpaceBytes: number
  /** Names that pass the environment allow-list besides {@link ALLOWED_ENVIRONMENT}. */
  readonly extraEnvironment: readonly string[]
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly execPath: string
  readonly execArgv: readonly string[]
}

/**
 * Variables handed to worker processes: locale, temporary directory, and what GPU drivers are found by.
 * Everything else of the server's environment, secrets above all, stays out of reach of a handler.
 */
export const ALLOWED_ENVIRONMENT: readonly string[] = [
  'PATH',
  'LANG',
  'LC_ALL',
  'TZ',
  'TMPDIR',
  'NODE_ENV',
  'LD_LIBRARY_PATH',
  'CUDA_VISIBLE_DEVICES',
  'CUDA_DEVICE_ORDER',
  'NVIDIA_VISIBLE_DEVICES',
  'VK_DRIVER_FILES',
  'VK_ICD_FILENAMES',
  'XDG_RUNTIME_DIR',
]

const GIBIBYTE = 2 ** 30
/** Node.js with onnxruntime-node reserves 0.9–1.5 GB before any model (measured on Node.js 20 to 24). */
const BASE_BYTES = 2.5 * GIBIBYTE
/** One more V8 isolate and its session's arena. */
const PER_THREAD_BYTES = 0.5 * GIBIBYTE
/** Weights once as read, once optimized, once prepacked. */
const COPIES_PER_THREAD = 3

const WORKER_ENTRY = moduleFile(import.meta.url, '../../../worker/process/main.ts')
const PRLIMIT = '/usr/bin/prlimit'

/** Lowers no limit where `prlimit` (util-linux) is absent, and none for GPUs: their drivers reserve address space freely. */
export function launchCommand(options: LaunchOptions): LaunchCommand {
  const node = [options.execPath, ...nodeFlags(options.execArgv), WORKER_ENTRY]
  const command =
    options.spec.device.provider === 'cpu' ? boundAddressSpace(node, addressSpaceBytes(options)) : node
  const [file = options.execPath, ...args] = command
  return { file, args, env: workerEnvironment(options) }
}

/** The command with a limit on the address space of its process, where the system can set one. */
export function boundAddressSpace(command: readonly string[], bytes: number): readonly string[] {
  return canRun(PRLIMIT) ? [PRLIMIT, `--as=${bytes}`, '--core=0', '--', ...command] : command
}

export function addressSpaceBytes({ addressSpaceBytes, spec, modelBytes }: LaunchOptions): number {
  return addressSpaceBytes > 0 ? addressSpaceBytes : sessionAddressSpaceBytes(spec.threads, modelBytes)
}

/** What a process with so many sessions of a model may reserve. */
export function sessionAddressSpaceBytes(sessions: number, modelBytes: number): number {
  return Math.ceil(BASE_BYTES + sessions * (PER_THREAD_BYTES + COPIES_PER_THREAD * modelBytes))
}

export function workerEnvironment(
  options: Pick<LaunchOptions, 'environment' | 'extraEnvironment'>,
): Record<string, string> {
  const names = new Set([...ALLOWED_ENVIRONMENT, ...options.extraEnvironment])
  const allowed = Object.entries(options.environment).filter(
    (entry): entry is [string, string] => names.has(entry[0]) && entry[1] !== undefined,
  )
  // CUDA would number the fastest GPU 0; nvidia-smi, and so our metrics, go by the bus.
  const order = { CUDA_DEVICE_ORDER: 'PCI_BUS_ID' }
  // onnxruntime-node 1.30.0 reports usage by default; it reads this when it loads.
  return { ...order, ...Object.fromEntries(allowed), ORT_DISABLE_TELEMETRY: '1' }
}

function nodeFlags(execArgv: readonly string[]): string[] {
  return [...execArgv, ...WORKER_V8_FLAGS, '--enable-source-maps']
}

function canRun(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false // no util-linux here: macOS, Windows, or a minimal image
  }
}
