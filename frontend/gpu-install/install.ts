import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { chmod, mkdtemp, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { messageOf, ServingError } from '../../worker/contract/errors.ts'
import type { Finding } from '../doctor/finding.ts'
import { checkLinkage } from '../doctor/provider-libraries.ts'
import type { System } from '../doctor/system.ts'
import { badSource, openProviderSource, PROVIDER_LIBRARIES } from './provider-source.ts'

export type InstallRequest = {
  /** A file or a directory. */
  readonly from: string
  /** Of the file, hexadecimal. */
  readonly sha256?: string
  /** The release that a source is of which does not say it. */
  readonly sourceVersion?: string
}

export type InstallOutcome = {
  readonly directory: string
  /** Files that were put there. */
  readonly installed: readonly string[]
  /** Files that were there already, byte for byte. */
  readonly unchanged: readonly string[]
  /** What the dynamic linker will say. */
  readonly findings: readonly Finding[]
}

type Place = Pick<System, 'bindingDir' | 'runtimeVersion' | 'platform' | 'arch'> &
  Parameters<typeof checkLinkage>[1]

/**
 * Puts the provider libraries of a local package beside the runtime's binding, each by one rename. A second time
 * changes nothing.
 *
 * @throws ServingError `invalid_argument` | `failed_precondition`; then nothing is changed.
 */
export async function installGpu(place: Place, request: InstallRequest): Promise<InstallOutcome> {
  checkPlatform(place)
  await checkSum(request)
  const source = await openProviderSource(request.from)
  checkVersion(source.version ?? request.sourceVersion, request.from, place.runtimeVersion)
  const staging = await makeStaging(place.bindingDir)
  try {
    await source.copyTo(staging)
    const { installed, unchanged } = await moveInto(place.bindingDir, staging, source.libraries)
    const paths = source.libraries.map((name) => join(place.bindingDir, name))
    const findings = await Promise.all(paths.map((path) => checkLinkage(path, place)))
    return { directory: place.bindingDir, installed, unchanged, findings: findings.flat() }
  } finally {
    await rm(staging, { recursive: true, force: true })
  }
}

/** Takes the provider libraries away. @returns those that were there */
export async function uninstallGpu({ bindingDir }: Pick<Place, 'bindingDir'>): Promise<readonly string[]> {
  const removed: string[] = []
  for (const name of PROVIDER_LIBRARIES) {
    const path = join(bindingDir, name)
    if ((await digestOf(path)) === undefined) continue
    await rm(path).catch((error: unknown) => {
      throw notWritable(bindingDir, error)
    })
    removed.push(name)
  }
  return removed
}

/** Whether what is missing is of the driver alone, which a container gets when it is started. */
export function isComplete(findings: readonly Finding[]): boolean {
  return findings.every(({ status, found }) => status !== 'fail' || found.startsWith('libcuda.so'))
}

function checkPlatform({ platform, arch }: Place): void {
  if (platform === 'linux' && arch === 'x64') return
  const message = `onnxruntime-node takes CUDA libraries on linux/x64 only, and this is ${platform}/${arch}`
  throw new ServingError('failed_precondition', message)
}

async function checkSum({ from, sha256 }: InstallRequest): Promise<void> {
  if (sha256 === undefined) return
  if (!/^[0-9a-f]{64}$/i.test(sha256)) {
    throw new ServingError('invalid_argument', `--sha256 is '${sha256}'; expected 64 hexadecimal digits`)
  }
  const digest = await digestOf(from)
  if (digest === undefined) throw badSource(from, '--sha256 is given, and it is no file that can be read')
  if (digest !== sha256.toLowerCase()) {
    throw badSource(from, `its SHA-256 is ${digest}, expected was ${sha256.toLowerCase()}; fetch it again`)
  }
}

function checkVersion(version: string | undefined, from: string, expected: string): void {
  if (version === expected) return
  throw badSource(
    from,
    version === undefined
      ? `its name does not say of which release it is, and the binding is ${expected}; if it is of that, add --source-version ${expected}`
      : `it is of onnxruntime ${version}, and the binding is ${expected}; libraries of another release crash, so give those of ${expected}`,
  )
}

/** On the same file system as its end, for the rename. */
async function makeStaging(bindingDir: string): Promise<string> {
  try {
    return await mkdtemp(join(bindingDir, '.install-gpu-'))
  } catch (error) {
    throw notWritable(bindingDir, error)
  }
}

async function moveInto(directory: string, staging: string, names: readonly string[]) {
  const installed: string[] = []
  const unchanged: string[] = []
  for (const name of names) {
    const [from, to] = [join(staging, name), join(directory, name)]
    if ((await digestOf(from)) === (await digestOf(to))) {
      unchanged.push(name)
      continue
    }
    await chmod(from, 0o644)
    await rename(from, to)
    installed.push(name)
  }
  return { installed, unchanged }
}

/** Undefined where there is no file. */
async function digestOf(path: string): Promise<string | undefined> {
  const isFile = await stat(path).then(
    (found) => found.isFile(),
    () => false,
  )
  if (!isFile) return undefined
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}

function notWritable(directory: string, error: unknown): ServingError {
  const message = `${directory} cannot be written: ${messageOf(error)}; run it as the user that owns node_modules`
  return new ServingError('failed_precondition', message, { cause: error })
}
