import type { ExecutionProvider } from '../../worker/contract/messages.ts'
import { fail, note, ok, warn, type Finding } from './finding.ts'
import { sourceOf } from './linkage.ts'
import type { ProviderTrial, System } from './system.ts'

/** What gives software drivers away: they compute on the CPU, slower than the CPU provider does. */
const SOFTWARE_DRIVER = /swiftshader|lvp|llvmpipe/i

/**
 * Runs a tiny session on each provider, in processes of their own.
 *
 * @param asked those that must work; the others may be absent
 */
export async function checkProviders(
  system: System,
  asked: readonly ExecutionProvider[],
): Promise<Finding[]> {
  const wanted: readonly ExecutionProvider[] = [
    ...new Set<ExecutionProvider>(['cpu', 'cuda', 'webgpu', ...asked]),
  ]
  const trials = await system.tryProviders(wanted)
  const needed = new Set<ExecutionProvider>(['cpu', ...asked])
  return trials.map((trial) => findingOf(trial, needed.has(trial.provider)))
}

/** The check of a provider, by which its outcome is found again. */
export function checkName(provider: ExecutionProvider): string {
  return `provider ${provider}`
}

function findingOf({ provider, usable, reason, libraries = [] }: ProviderTrial, isNeeded: boolean): Finding {
  const check = checkName(provider)
  if (!usable) {
    const fix = fixOf(provider, reason)
    return isNeeded ? fail(check, reason, fix) : note(check, `not usable: ${reason}`, fix)
  }
  const software = libraries.find((path) => SOFTWARE_DRIVER.test(path))
  if (software !== undefined) {
    return warn(
      check,
      `a session ran, but on a software driver (${software}), which is slower than the CPU provider`,
      'good for tests alone; install the driver of the GPU, or use cpu',
    )
  }
  const named = libraries.filter((path) => sourceOf(path.split('/').at(-1) ?? '') !== undefined)
  return ok(check, named.length === 0 ? reason : `${reason}; it had loaded ${named.join(', ')}`)
}

function fixOf(provider: ExecutionProvider, reason: string): string {
  const library = /([\w.+-]+\.so[\w.]*) is not installed/.exec(reason)?.[1]
  const source = library === undefined ? undefined : sourceOf(library)
  if (source !== undefined) return `install ${source}`
  switch (provider) {
    case 'cuda':
    case 'tensorrt':
      return 'onnxserve install-gpu --from <nupkg of onnxruntime>, and the driver, CUDA and cuDNN that the other findings ask for'
    case 'webgpu':
      return 'install a Vulkan loader and the Vulkan driver of the GPU (Debian: libvulkan1 and mesa-vulkan-drivers)'
    case 'cpu':
      return 'install onnxserve again on this machine: npm ci'
  }
}
