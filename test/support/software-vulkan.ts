import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Debian's package `chromium` brings SwiftShader, a Vulkan driver in software, and the Vulkan loader. */
const DIRECTORY = '/usr/lib/chromium'
const DRIVER = join(DIRECTORY, 'vk_swiftshader_icd.json')

export const hasSoftwareVulkan = existsSync(DRIVER)

/** Environment in which WebGPU finds that driver. */
export const SOFTWARE_VULKAN_ENVIRONMENT = {
  VK_DRIVER_FILES: DRIVER,
  LD_LIBRARY_PATH: DIRECTORY,
  XDG_RUNTIME_DIR: tmpdir(),
} as const

/** `describe`, or pending with the reason where the driver is missing. */
export function describeOnSoftwareVulkan(title: string, body: (this: Mocha.Suite) => void): void {
  if (hasSoftwareVulkan) describe(title, body)
  else describe.skip(`${title} (no ${DRIVER} here: install Debian's chromium)`, body)
}
