import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { workerEnvironment } from '../core/workers/launch-command.ts'
import { childProbe } from '../core/workers/provider-findings.ts'
import { realFiles, type System } from './system.ts'

/** What only the process itself knows. */
export type DoctorHost = {
  readonly platform: string
  readonly arch: string
  readonly nodeVersion: string
  readonly glibcVersion: string | undefined
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly execPath: string
  readonly execArgv: readonly string[]
}

/** This machine; providers are tried in the environment that worker processes get. */
export function realSystem(host: DoctorHost): System {
  const environment = workerEnvironment({ environment: host.environment, extraEnvironment: [] })
  const { platform, arch, nodeVersion, glibcVersion } = host
  return {
    ...realFiles,
    ...runtimeAt(platform, arch),
    platform,
    arch,
    nodeVersion,
    glibcVersion,
    environment,
    tryProviders: childProbe(host, environment, { tellsLibraries: true }),
  }
}

/** Where the binding lies and of which release it is, without loading it. */
function runtimeAt(platform: string, arch: string): Pick<System, 'bindingDir' | 'runtimeVersion'> {
  const root = dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'))
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string } // the package's own file
  return { bindingDir: join(root, 'bin', 'napi-v6', platform, arch), runtimeVersion: version }
}
