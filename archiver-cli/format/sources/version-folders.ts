import { readdir } from 'node:fs/promises'
import { brokenArchive, quote } from '../archive-errors.ts'
import type { TritonConfig } from '../triton/model-config-schema.ts'

/** A folder of one version: its name, and the integer that it stands for, without leading zeros. */
export type VersionFolder = { readonly folder: string; readonly version: string }

const MAX_VERSION = 2n ** 63n - 1n

/** The integer that the name of a folder stands for, as text; undefined for any other name. */
export function versionOf(folder: string): string | undefined {
  if (!/^\d{1,64}$/.test(folder)) return undefined
  const value = BigInt(folder)
  return value <= MAX_VERSION ? String(value) : undefined
}

/**
 * The folders of a model's versions, ascending. Names that are no integers are passed over, as both TensorFlow
 * Serving and Triton do; so is the longer of two names of one integer.
 */
export async function versionFolders(directory: string): Promise<VersionFolder[]> {
  const byVersion = new Map<string, VersionFolder>()
  const items = await readdir(directory, { withFileTypes: true })
  for (const item of items.sort((a, b) => b.name.length - a.name.length)) {
    const version = item.isDirectory() || item.isSymbolicLink() ? versionOf(item.name) : undefined
    if (version !== undefined) byVersion.set(version, { folder: item.name, version })
  }
  return [...byVersion.values()].sort((a, b) => compareIntegers(a.version, b.version))
}

function compareIntegers(a: string, b: string): number {
  const difference = BigInt(a) - BigInt(b)
  return difference < 0n ? -1 : difference > 0n ? 1 : 0
}

/**
 * Which of the versions should be loaded: by default the highest.
 *
 * @param versions ascending
 * @throws ServingError `invalid_argument` for a version that is asked for and not there, or a policy without one
 */
export function aspiredVersions(
  versions: readonly string[],
  policy: TritonConfig['version_policy'] = {},
): ReadonlySet<string> {
  if (policy.all !== undefined) return new Set(versions)
  if (policy.specific !== undefined) {
    const wanted = (policy.specific.versions ?? []).map(String)
    const missing = wanted.find((version) => !versions.includes(version))
    if (missing !== undefined) {
      throw brokenArchive(
        `version_policy asks for version ${quote(missing)}; there are ${versions.join(', ') || 'none'}`,
      )
    }
    return new Set(wanted)
  }
  const count = policy.latest?.num_versions ?? 1
  if (count === 0) throw brokenArchive('version_policy asks for the latest 0 versions; expected at least 1')
  return new Set(versions.slice(-count))
}
