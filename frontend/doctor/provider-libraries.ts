import { join } from 'node:path'
import { fail, note, ok, type Finding } from './finding.ts'
import { linkageOf, sourceOf } from './linkage.ts'
import type { System } from './system.ts'

export const SHARED_LIBRARY = 'libonnxruntime_providers_shared.so'
export const CUDA_LIBRARY = 'libonnxruntime_providers_cuda.so'
export const TENSORRT_LIBRARY = 'libonnxruntime_providers_tensorrt.so'

const BYTES_PER_MEBIBYTE = 2 ** 20

/** The files that the runtime looks for beside its binding, and what they need. */
export async function checkProviderLibraries(system: System, asked: readonly string[]): Promise<Finding[]> {
  if (system.platform !== 'linux' || system.arch !== 'x64') {
    return [
      note(
        'CUDA libraries',
        `onnxruntime-node has CUDA on linux/x64 only, this is ${system.platform}/${system.arch}`,
      ),
    ]
  }
  const names = [SHARED_LIBRARY, CUDA_LIBRARY, ...(asked.includes('tensorrt') ? [TENSORRT_LIBRARY] : [])]
  const findings = await Promise.all(names.map((name) => checkLibrary(name, system)))
  return findings.flat()
}

async function checkLibrary(name: string, system: System): Promise<Finding[]> {
  const path = join(system.bindingDir, name)
  const file = system.stat(path)
  const fix = `onnxserve install-gpu --from <Microsoft.ML.OnnxRuntime.Gpu.Linux.${system.runtimeVersion}.nupkg>`
  if (file === undefined) return [note(name, `absent from ${system.bindingDir}`, fix)]
  const size = `${(file.bytes / BYTES_PER_MEBIBYTE).toFixed(1)} MiB`
  if (!file.isReadable) return [fail(name, `${path} cannot be read by this user`, `chmod a+r ${path}`)]
  return [ok(name, `${path}, ${size}`), ...(await checkLinkage(path, system))]
}

/** Also of what `install-gpu` is about to put there. @returns one finding per missing library, else a single good one */
export async function checkLinkage(
  path: string,
  system: Parameters<typeof linkageOf>[1],
): Promise<Finding[]> {
  const name = path.split('/').at(-1) ?? path
  const linkage = await linkageOf(path, system)
  if (!linkage.ok) {
    return [
      fail(
        `needs of ${name}`,
        `${path} cannot be read: ${linkage.reason}`,
        `install it again: onnxserve install-gpu`,
      ),
    ]
  }
  const missing = linkage.libraries.filter((each) => each.path === undefined)
  if (missing.length > 0) return missing.map(({ name: needed }) => missingLibrary(name, needed))
  const resolved = linkage.libraries.filter((each) => sourceOf(each.name) !== undefined)
  const paths = resolved.map((each) => system.realPath(each.path ?? ''))
  return [ok(`needs of ${name}`, paths.length === 0 ? 'all are found' : `all are found: ${paths.join(', ')}`)]
}

function missingLibrary(library: string, needed: string): Finding {
  const source = sourceOf(needed)
  const fix =
    source === undefined
      ? `install the package that brings ${needed}, or name its directory in LD_LIBRARY_PATH`
      : `install ${source}; where it lies outside of the linker's directories, name its directory in LD_LIBRARY_PATH`
  return fail(`needs of ${library}`, `${needed} is not found`, fix)
}
