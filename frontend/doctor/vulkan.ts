import { join } from 'node:path'
import { note, ok, warn, type Finding } from './finding.ts'
import type { System } from './system.ts'

const LOADER_DIRECTORIES = [
  '/usr/lib/x86_64-linux-gnu',
  '/lib/x86_64-linux-gnu',
  '/usr/lib/aarch64-linux-gnu',
  '/lib/aarch64-linux-gnu',
  '/usr/lib64',
  '/usr/lib',
]
/** The loader's own places for descriptions of drivers. */
const DRIVER_DIRECTORIES = ['/etc/vulkan/icd.d', '/usr/share/vulkan/icd.d', '/usr/local/share/vulkan/icd.d']
const DRIVER_FIX = 'install the Vulkan driver of the GPU (Debian: mesa-vulkan-drivers, or nvidia-vulkan-icd)'

/** What WebGPU needs: the Vulkan loader, and a driver that it is told of. */
export function checkVulkan(system: System): Finding[] {
  if (system.platform !== 'linux') return []
  return [checkLoader(system), checkDrivers(system)]
}

function checkLoader(system: System): Finding {
  const directories = [...(system.environment['LD_LIBRARY_PATH'] ?? '').split(':'), ...LOADER_DIRECTORIES]
  const found = directories
    .filter((each) => each !== '')
    .map((each) => join(each, 'libvulkan.so.1'))
    .find((path) => system.stat(path) !== undefined)
  if (found !== undefined) return ok('Vulkan loader', found)
  return note('Vulkan loader', 'no libvulkan.so.1; WebGPU needs it', 'apt-get install libvulkan1')
}

function checkDrivers(system: System): Finding {
  const variable = ['VK_DRIVER_FILES', 'VK_ICD_FILENAMES'].find((name) => system.environment[name])
  const named = variable === undefined ? undefined : system.environment[variable]
  if (variable !== undefined && named !== undefined) {
    const missing = named.split(':').filter((path) => system.stat(path) === undefined)
    return missing.length === 0
      ? ok('Vulkan drivers', `${named}, named by ${variable}`)
      : warn(
          'Vulkan drivers',
          `${variable} names ${missing.join(', ')}, which is not there`,
          `correct or unset ${variable}`,
        )
  }
  const found = DRIVER_DIRECTORIES.flatMap((directory) =>
    system
      .list(directory)
      .filter((name) => name.endsWith('.json'))
      .map((name) => join(directory, name)),
  )
  if (found.length > 0) return ok('Vulkan drivers', found.join(', '))
  return note('Vulkan drivers', `none in ${DRIVER_DIRECTORIES.join(', ')}; WebGPU needs one`, DRIVER_FIX)
}
