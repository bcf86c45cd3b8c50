import assert from 'node:assert/strict'
import { checkVulkan } from '../../../frontend/doctor/vulkan.ts'
import { fakeSystem, type FakeMachine } from '../../support/fake-system.ts'

const CASES: readonly {
  readonly it: string
  readonly machine: FakeMachine
  readonly check: string
  readonly found: RegExp
}[] = [
  {
    it: 'takes an empty name of drivers for none',
    machine: { environment: { VK_DRIVER_FILES: '' } },
    check: 'Vulkan drivers note',
    found: /^none in /,
  },
  {
    it: 'says by which variable a driver is named that is not there',
    machine: { environment: { VK_ICD_FILENAMES: '/none.json' } },
    check: 'Vulkan drivers warn',
    found: /^VK_ICD_FILENAMES names \/none\.json/,
  },
  {
    it: 'finds the loader of another processor',
    machine: { arch: 'arm64', files: { '/usr/lib/aarch64-linux-gnu/libvulkan.so.1': '' } },
    check: 'Vulkan loader ok',
    found: /aarch64/,
  },
]

describe('checkVulkan', () => {
  for (const { it: claim, machine, check, found } of CASES) {
    it(claim, () => {
      const findings = checkVulkan(fakeSystem(machine))
      const finding = findings.find((each) => `${each.check} ${each.status}` === check)
      assert.match(finding?.found ?? '', found)
    })
  }
})
