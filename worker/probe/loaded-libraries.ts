import { readFileSync } from 'node:fs'

/** CUDA, what stands on it, TensorRT, Vulkan and its drivers. */
const GPU_LIBRARY = /\/lib(cuda|cu[a-z]+|nv[a-z]+|onnxruntime_providers|vulkan|vk_)[^/]*\.so[^/]*$/

/** Paths of the GPU libraries that this process has mapped, as the kernel tells them; none elsewhere than on Linux. */
export function loadedGpuLibraries(maps = readMaps()): readonly string[] {
  const paths = maps.split('\n').flatMap((line) => /\s(\/\S.*)$/.exec(line)?.[1] ?? [])
  return [...new Set(paths.filter((path) => GPU_LIBRARY.test(path)))].sort()
}

function readMaps(): string {
  try {
    return readFileSync('/proc/self/maps', 'utf8')
  } catch {
    return '' // no such file system here
  }
}
