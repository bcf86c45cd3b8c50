import { ServingError } from '../../worker/contract/errors.ts'
import type { System } from '../doctor/system.ts'
import { installGpu, isComplete, uninstallGpu } from './install.ts'

export type InstallGpuOptions = {
  readonly from?: string
  readonly sha256?: string
  readonly sourceVersion?: string
  readonly uninstall?: boolean
}

/**
 * `onnxserve install-gpu`.
 *
 * @returns what to print, and whether the dynamic linker will find everything that the libraries need
 */
export async function installGpuCommand(
  { from, sha256, sourceVersion, uninstall = false }: InstallGpuOptions,
  system: System,
): Promise<{ readonly text: string; readonly isComplete: boolean }> {
  if (uninstall) {
    const removed = await uninstallGpu(system)
    const text =
      removed.length === 0 ? 'there was nothing to remove from' : `removed ${removed.join(', ')} from`
    return { text: `${text} ${system.bindingDir}`, isComplete: true }
  }
  if (from === undefined) throw withoutSource(system.runtimeVersion)
  const outcome = await installGpu(system, {
    from,
    ...(sha256 === undefined ? {} : { sha256 }),
    ...(sourceVersion === undefined ? {} : { sourceVersion }),
  })
  const lines = [
    ...outcome.installed.map((name) => `installed ${name} in ${outcome.directory}`),
    ...outcome.unchanged.map((name) => `${name} is in ${outcome.directory} already, unchanged`),
    ...outcome.findings.flatMap(({ check, status, found, fix }) => [
      `${status} ${check}: ${found}`,
      ...(fix === undefined ? [] : [`  fix: ${fix}`]),
    ]),
    'whether a session runs: onnxserve doctor --provider cuda',
  ]
  return { text: lines.join('\n'), isComplete: isComplete(outcome.findings) }
}

function withoutSource(version: string): ServingError {
  return new ServingError(
    'invalid_argument',
    `--from is missing: a file or directory with the GPU libraries of onnxruntime ${version} for linux-x64, such as Microsoft.ML.OnnxRuntime.Gpu.Linux.${version}.nupkg from nuget.org, or --uninstall`,
  )
}
