import { createWriteStream } from 'node:fs'
import { copyFile, open, readdir, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Container } from '../../archiver-cli/format/container.ts'
import { openTar } from '../../archiver-cli/format/tar-container.ts'
import { openZip } from '../../archiver-cli/format/zip-container.ts'
import { messageOf, ServingError } from '../../worker/contract/errors.ts'
import { CUDA_LIBRARY, SHARED_LIBRARY, TENSORRT_LIBRARY } from '../doctor/provider-libraries.ts'

/** The libraries that are taken over; TensorRT's only where the source has it. */
export const PROVIDER_LIBRARIES: readonly string[] = [SHARED_LIBRARY, CUDA_LIBRARY, TENSORRT_LIBRARY]
const NEEDED: readonly string[] = [SHARED_LIBRARY, CUDA_LIBRARY]

/** Where provider libraries come from. */
export type ProviderSource = {
  /** The release of onnxruntime, as far as the source says it. */
  readonly version: string | undefined
  readonly libraries: readonly string[]
  /** Writes them into a directory under their own names. */
  readonly copyTo: (directory: string) => Promise<void>
}

/** How deep a directory is searched: deep enough for an unpacked package. */
const MAX_DEPTH = 6

/**
 * Opens a directory, or a NuGet package, wheel, zip or tar.gz file that holds provider libraries for linux/x64.
 *
 * @throws ServingError `invalid_argument` when it is none of these, or lacks a library.
 */
export async function openProviderSource(path: string): Promise<ProviderSource> {
  const kind = await stat(path).catch((error: unknown) => {
    throw badSource(path, `it cannot be read: ${messageOf(error)}`)
  })
  const source = kind.isDirectory() ? await fromDirectory(path) : await fromFile(path, kind.size)
  const missing = NEEDED.filter((name) => !source.libraries.includes(name))
  if (missing.length === 0) return source
  throw badSource(
    path,
    `it holds no ${missing.join(' and no ')}; give the GPU package of onnxruntime for linux-x64`,
  )
}

async function fromDirectory(directory: string): Promise<ProviderSource> {
  const found = new Map<string, string>()
  for (const name of await readdir(directory, { recursive: true })) {
    const library = basename(name)
    const isTooDeep = name.split('/').length > MAX_DEPTH
    if (isTooDeep || !PROVIDER_LIBRARIES.includes(library) || !isForLinux(name)) continue
    if (!found.has(library)) found.set(library, join(directory, name))
  }
  return {
    version: versionIn(basename(directory)),
    libraries: PROVIDER_LIBRARIES.filter((name) => found.has(name)),
    copyTo: async (target) => {
      for (const [library, path] of found) await copyFile(path, join(target, library))
    },
  }
}

async function fromFile(path: string, bytes: number): Promise<ProviderSource> {
  const entries = await withContainer(path, bytes, async (container) => container.entries)
  const wanted = entries.filter(
    (entry) => PROVIDER_LIBRARIES.includes(basename(entry.path)) && isForLinux(entry.path),
  )
  return {
    version: versionIn(basename(path)),
    libraries: PROVIDER_LIBRARIES.filter((name) => wanted.some((entry) => basename(entry.path) === name)),
    copyTo: async (target) => {
      await withContainer(path, bytes, (container) =>
        container.read(
          (entry) => wanted.some((each) => each.path === entry.path),
          async (entry, content) => {
            await pipeline(Readable.from(content), createWriteStream(join(target, basename(entry.path))))
          },
        ),
      )
    },
  }
}

async function withContainer<T>(
  path: string,
  bytes: number,
  use: (container: Container) => Promise<T>,
): Promise<T> {
  const file = await open(path, 'r')
  try {
    const isTar = /\.(tgz|tar\.gz)$/.test(path)
    return await use(await (isTar ? openTar(file, bytes) : openZip(file, bytes)))
  } catch (error) {
    throw badSource(
      path,
      `${messageOf(error)}; if it is a package of another form, unpack it and give the directory`,
    )
  } finally {
    await file.close()
  }
}

/** A NuGet package may hold the libraries of several platforms. */
function isForLinux(path: string): boolean {
  const runtime = /runtimes\/([\w-]+)\//.exec(path)?.[1]
  return runtime === undefined || runtime === 'linux-x64'
}

/** `Microsoft.ML.OnnxRuntime.Gpu.Linux.1.30.0.nupkg`, `onnxruntime_gpu-1.30.0-cp312-….whl` */
function versionIn(name: string): string | undefined {
  return /\d+\.\d+\.\d+/.exec(name)?.[0]
}

export function badSource(path: string, problem: string): ServingError {
  return new ServingError('invalid_argument', `${path} cannot be installed: ${problem}`)
}
