import { dirname } from 'node:path'
import { fail, ok, warn, type Finding } from './finding.ts'
import type { System } from './system.ts'

/** @see package.json, "engines" */
const OLDEST_NODE: readonly [major: number, minor: number] = [20, 19]
const MIN_FILE_DESCRIPTORS = 4096
const MIN_MEMORY_BYTES = 2 ** 30
const BYTES_PER_GIBIBYTE = 2 ** 30

/** What everything else stands on. @param stateDir where the server would keep its state; empty: nowhere */
export function checkMachine(system: System, stateDir: string): Finding[] {
  return [
    checkNode(system),
    checkPlatform(system),
    ...checkMemory(system),
    ...checkFileDescriptors(system),
    ...(stateDir === '' ? [] : [checkStateDir(stateDir, system)]),
  ]
}

function checkNode({ nodeVersion }: System): Finding {
  const [major = 0, minor = 0] = nodeVersion.replace(/^v/, '').split('.').map(Number)
  const [oldestMajor, oldestMinor] = OLDEST_NODE
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor))
    return ok('Node.js', nodeVersion)
  const needed = `${oldestMajor}.${oldestMinor}`
  return fail('Node.js', `${nodeVersion}, needed is at least ${needed}`, `install Node.js ${needed} or newer`)
}

function checkPlatform({ platform, arch, glibcVersion }: System): Finding {
  const place = `${platform}/${arch}`
  if (platform !== 'linux') return ok('platform', place)
  if (glibcVersion !== undefined) return ok('platform', `${place}, glibc ${glibcVersion}`)
  return fail(
    'platform',
    `${place} without glibc, as on Alpine: onnxruntime-node is built for glibc`,
    'use a base image with glibc, such as node:22-bookworm-slim',
  )
}

/** Of the container, where it has a limit. */
function checkMemory(system: System): Finding[] {
  const limit = Number((system.read('/sys/fs/cgroup/memory.max') ?? '').trim())
  if (!Number.isInteger(limit) || limit === 0) return []
  const text = `the container may have ${(limit / BYTES_PER_GIBIBYTE).toFixed(1)} GiB, as memory.max says`
  if (limit >= MIN_MEMORY_BYTES) return [ok('memory', text)]
  return [
    warn(
      'memory',
      `${text}; Node.js with the runtime takes about 0.2 GiB per worker process before any model`,
      'give the container at least 1 GiB',
    ),
  ]
}

/** `Max open files            1024                 524288               files` */
function checkFileDescriptors(system: System): Finding[] {
  const soft = /^Max open files\s+(\d+|unlimited)/m.exec(system.read('/proc/self/limits') ?? '')?.[1]
  if (soft === undefined) return []
  if (soft === 'unlimited' || Number(soft) >= MIN_FILE_DESCRIPTORS)
    return [ok('open files', `${soft} may be open`)]
  return [
    warn(
      'open files',
      `only ${soft} may be open; each connection takes one`,
      `raise the limit: ulimit -n ${MIN_FILE_DESCRIPTORS}, or LimitNOFILE= of the service`,
    ),
  ]
}

/** The nearest directory above that is there decides, since the rest would be made. */
function checkStateDir(stateDir: string, system: System): Finding {
  let nearest = stateDir
  while (system.stat(nearest) === undefined && dirname(nearest) !== nearest) nearest = dirname(nearest)
  if (system.stat(nearest)?.isWritable === true) return ok('state directory', stateDir)
  return fail(
    'state directory',
    `${stateDir} cannot be written: ${nearest} is read-only for this user`,
    'mount a writable volume there, or name another directory with --state-dir',
  )
}
