import { dirname, join } from 'node:path'
import { messageOf } from '../../worker/contract/errors.ts'
import { readDynamicSection } from './elf.ts'
import type { System } from './system.ts'

type Files = Pick<System, 'environment' | 'stat' | 'readAt' | 'realPath' | 'run'>

/** What a shared library needs, and where each of these was found. */
export type Linkage =
  | {
      readonly ok: true
      readonly libraries: readonly { readonly name: string; readonly path: string | undefined }[]
    }
  | { readonly ok: false; readonly reason: string }

/** Where the dynamic linker looks without being told. */
const DEFAULT_DIRECTORIES = [
  '/lib/x86_64-linux-gnu',
  '/usr/lib/x86_64-linux-gnu',
  '/lib64',
  '/usr/lib64',
  '/lib',
  '/usr/lib',
]

/** The direct needs of a library, resolved as the dynamic linker would. Other needs are its libraries' own. */
export async function linkageOf(path: string, system: Files): Promise<Linkage> {
  try {
    const { needed, searchPaths } = readDynamicSection((offset, length) =>
      system.readAt(path, offset, length),
    )
    const origin = dirname(path)
    const directories = [
      ...(system.environment['LD_LIBRARY_PATH'] ?? '').split(':'),
      ...searchPaths.map((each) => each.replace(/\$ORIGIN|\$\{ORIGIN\}/, origin)),
    ].filter((each) => each !== '')
    const cached = await cachedLibraries(system)
    const libraries = needed.map((name) => ({
      name,
      path:
        findIn(directories, name, system) ?? cached.get(name) ?? findIn(DEFAULT_DIRECTORIES, name, system),
    }))
    return { ok: true, libraries }
  } catch (error) {
    return { ok: false, reason: messageOf(error) }
  }
}

function findIn(directories: readonly string[], name: string, system: Files): string | undefined {
  return directories.map((each) => join(each, name)).find((path) => system.stat(path) !== undefined)
}

/** The linker's cache, as `ldconfig -p` prints it; empty where there is no such program. */
async function cachedLibraries(system: Files): Promise<ReadonlyMap<string, string>> {
  const text = (await system.run('/sbin/ldconfig', ['-p'])) ?? (await system.run('ldconfig', ['-p'])) ?? ''
  const found = new Map<string, string>()
  for (const [, name = '', path = ''] of text.matchAll(/^\s*(\S+) \([^)]*x86-64[^)]*\) => (\S+)$/gm)) {
    if (!found.has(name)) found.set(name, path)
  }
  return found
}

type Source = { readonly name: RegExp; readonly from: (major: string) => string }

/** Which package brings a library of CUDA; `major` is the number behind `.so`. */
const SOURCES: readonly Source[] = [
  {
    name: /^libcuda\.so/,
    from: () =>
      "NVIDIA's driver (nvidia-smi comes with it; in a container, the NVIDIA Container Toolkit mounts it)",
  },
  {
    name: /^libcudart\.so/,
    from: (major) =>
      `the CUDA ${major} runtime (pip package nvidia-cuda-runtime-cu${major}, or cuda-cudart of the CUDA ${major} toolkit)`,
  },
  {
    name: /^libcublas(Lt)?\.so/,
    from: (major) =>
      `cuBLAS ${major} (pip package nvidia-cublas-cu${major}, or libcublas of the CUDA ${major} toolkit)`,
  },
  {
    name: /^libcudnn/,
    from: (major) =>
      `cuDNN ${major} (pip package nvidia-cudnn-cu12 for CUDA 12 or nvidia-cudnn-cu13 for CUDA 13; libcudnn${major} of NVIDIA's repository)`,
  },
  {
    name: /^libcufft\.so/,
    from: () => 'cuFFT (pip package nvidia-cufft-cu12 for CUDA 12, or libcufft of the CUDA toolkit)',
  },
  {
    name: /^libcurand\.so/,
    from: () => 'cuRAND (pip package nvidia-curand-cu12 for CUDA 12, or libcurand of the CUDA toolkit)',
  },
  {
    name: /^libnvrtc/,
    from: (major) =>
      `the CUDA ${major} runtime compiler (pip package nvidia-cuda-nvrtc-cu${major}, or cuda-nvrtc of the toolkit)`,
  },
  {
    name: /^libnv(infer|onnxparser)/,
    from: (major) => `TensorRT ${major} (pip package tensorrt, or libnvinfer${major} of NVIDIA's repository)`,
  },
  {
    name: /^libonnxruntime_providers_shared\.so/,
    from: () => 'the GPU libraries of onnxruntime: onnxserve install-gpu --from <package>',
  },
  { name: /^libvulkan\.so/, from: () => 'the Vulkan loader (Debian package libvulkan1)' },
]

/** Where a library is to be had; undefined for one that is nobody's in particular. */
export function sourceOf(library: string): string | undefined {
  const major = /\.so\.(\d+)/.exec(library)?.[1] ?? ''
  return SOURCES.find(({ name }) => name.test(library))?.from(major)
}
