import { execFile } from 'node:child_process'
import type { ExecutionProvider, ProviderFinding } from '../contract/messages.ts'
import { moduleFile } from '../contract/module-file.ts'

/** Drivers compile shaders and load hundreds of megabytes of libraries on their first run. */
const PROBE_TIMEOUT_MS = 45_000

/** Tries each provider in a process of its own: a driver that crashes takes down no other answer. */
export function probeProviders(
  providers: readonly ExecutionProvider[],
  options: ProbeOptions,
): Promise<readonly ProviderFinding[]> {
  return Promise.all(providers.map((provider) => probeProvider(provider, options)))
}

export type ProbeOptions = {
  /** Whether findings name the GPU libraries that were loaded. */
  readonly tellsLibraries: boolean
}

function probeProvider(
  provider: ExecutionProvider,
  { tellsLibraries }: ProbeOptions,
): Promise<ProviderFinding> {
  const entry = moduleFile(import.meta.url, './main.ts')
  const args = [...process.execArgv, entry, 'provider', provider, ...(tellsLibraries ? ['libraries'] : [])]
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      args,
      { timeout: PROBE_TIMEOUT_MS, killSignal: 'SIGKILL' },
      (_, stdout, stderr) => {
        resolve(findingFrom(provider, { stdout, stderr }))
      },
    )
  })
}

/** What became of a probe by what it printed; it ends by a signal in any case. */
function findingFrom(
  provider: ExecutionProvider,
  { stdout, stderr }: { readonly stdout: string; readonly stderr: string },
): ProviderFinding {
  const answer = stdout.split('\n').find((line) => line.startsWith('{'))
  if (answer === undefined) {
    const lastWords = stderr.trim().split('\n').at(-1) ?? ''
    const reason = `the process that tried it crashed or hung for ${PROBE_TIMEOUT_MS} ms; it said: ${lastWords}`
    return { provider, usable: false, reason }
  }
  const finding = JSON.parse(answer) as ProviderFinding // printed by try-provider.ts
  const library = missingLibrary(stderr)
  if (finding.usable || library === undefined) return finding
  return { ...finding, reason: `${finding.reason}: the library ${library} is not installed` }
}

/** The dynamic linker names the library only in what the runtime logs. Without a match the runtime's message stands. */
function missingLibrary(log: string): string | undefined {
  const match = /([\w.+-]+\.so[\w.]*): cannot open shared object file/.exec(log)
  return match?.[1]
}
