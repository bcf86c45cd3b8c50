import { execFile, type ExecFileException } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { platform } from 'node:os'
import { messageOf } from '../../../worker/contract/errors.ts'
import type { ExecutionProvider, ProviderFinding } from '../../../worker/contract/messages.ts'
import { moduleFile } from '../../../worker/contract/module-file.ts'

/** Says which execution providers run on this machine. */
export interface ProviderFindings {
  /** Findings for all providers that the setting may choose. */
  find(setting: 'auto' | readonly ExecutionProvider[]): Promise<readonly ProviderFinding[]>
}

export type ProviderProbe = (providers: readonly ExecutionProvider[]) => Promise<readonly ProviderFinding[]>

/** The CPU always runs. */
const CPU: ProviderFinding = { provider: 'cpu', usable: true, reason: 'always available' }
const GPU_PROVIDERS: readonly ExecutionProvider[] = ['cuda', 'webgpu']

/**
 * Finds out by running a tiny session on each GPU provider, in a process of its own, once in the server's life.
 *
 * `auto` first looks for a GPU device: without one there is nothing to probe, and a software Vulkan driver
 * must not be taken for a GPU. An explicit list is always probed.
 */
export class ProbedProviders implements ProviderFindings {
  readonly #probe: ProviderProbe
  readonly #hasGpu: () => boolean
  readonly #known = new Map<ExecutionProvider, Promise<ProviderFinding>>()

  constructor(probe: ProviderProbe, hasGpu: () => boolean = hasGpuDevice) {
    this.#probe = probe
    this.#hasGpu = hasGpu
  }

  async find(setting: 'auto' | readonly ExecutionProvider[]): Promise<readonly ProviderFinding[]> {
    if (setting === 'auto' && !this.#hasGpu()) {
      const reason = 'this machine has no GPU device'
      return [...GPU_PROVIDERS.map((provider) => ({ provider, usable: false, reason })), CPU]
    }
    const wanted = (setting === 'auto' ? GPU_PROVIDERS : setting).filter((provider) => provider !== 'cpu')
    this.#probeUnknown(wanted.filter((provider) => !this.#known.has(provider)))
    const findings = await Promise.all(wanted.flatMap((provider) => this.#known.get(provider) ?? []))
    return [...findings, CPU]
  }

  #probeUnknown(providers: readonly ExecutionProvider[]): void {
    if (providers.length === 0) return
    const findings = this.#probe(providers)
    for (const provider of providers) {
      const finding = findings.then(
        (all) =>
          all.find((each) => each.provider === provider) ?? notProbed(provider, 'the probe said nothing'),
        (error: unknown) => notProbed(provider, messageOf(error)),
      )
      this.#known.set(provider, finding)
    }
  }
}

function notProbed(provider: ExecutionProvider, reason: string): ProviderFinding {
  return { provider, usable: false, reason }
}

/** A device node of a GPU; other systems than Linux have none to look at and are probed. */
function hasGpuDevice(): boolean {
  if (platform() !== 'linux') return true
  if (existsSync('/dev/nvidiactl') || existsSync('/dev/dxg')) return true
  return existsSync('/dev/dri') && readdirSync('/dev/dri').some((name) => name.startsWith('renderD'))
}

const PROBE_TIMEOUT_MS = 60_000

/**
 * Runs `worker/probe` as a child process.
 *
 * @param environment of the child, the worker's allow-list
 * @param options `tellsLibraries`: findings name the GPU libraries that were loaded
 */
export function childProbe(
  node: { readonly execPath: string; readonly execArgv: readonly string[] },
  environment: Readonly<Record<string, string>>,
  { tellsLibraries = false }: { readonly tellsLibraries?: boolean } = {},
): ProviderProbe {
  const entry = moduleFile(import.meta.url, '../../../worker/probe/main.ts')
  return async (providers) => {
    const args = [
      ...node.execArgv,
      entry,
      'providers',
      providers.join(','),
      ...(tellsLibraries ? ['libraries'] : []),
    ]
    const output = await outputOf(node.execPath, args, environment)
    const line = output.trim().split('\n').at(-1) ?? ''
    return (JSON.parse(line) as { providers: readonly ProviderFinding[] }).providers // our own probe's answer
  }
}

/** Standard output however the process ended: the probe ends itself by a signal after its answer. */
function outputOf(file: string, args: readonly string[], env: Readonly<Record<string, string>>) {
  return new Promise<string>((resolve, reject) => {
    execFile(file, args, { env, timeout: PROBE_TIMEOUT_MS }, (error, stdout) => {
      if (stdout !== '') resolve(stdout)
      else reject(new Error(`the probe ended with ${endingOf(error)}, and said nothing`))
    })
  })
}

function endingOf(error: ExecFileException | null): string {
  return error?.signal ?? (error === null ? 'exit code 0' : `exit code ${error.code}`)
}
