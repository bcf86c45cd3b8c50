import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir, totalmem } from 'node:os'
import { dirname, join } from 'node:path'
import { readGpus } from '../../../../frontend/observability/system/gpu.ts'
import { readMemory } from '../../../../frontend/observability/system/memory.ts'
import { cpuPercent, SystemReader } from '../../../../frontend/observability/system/system-reading.ts'

const MEGABYTE = 1024 ** 2

describe('the machine', () => {
  let directory = ''
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'onnxserve-system-'))
  })
  afterEach(() => {
    rmSync(directory, { recursive: true })
  })

  function write(files: Readonly<Record<string, string | number>>): void {
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(directory, name)), { recursive: true })
      writeFileSync(join(directory, name), `${content}\n`)
    }
  }

  const LIMITED: readonly [string, Readonly<Record<string, string | number>>][] = [
    [
      'cgroup v2',
      {
        'memory.max': 64 * MEGABYTE,
        'memory.current': 30 * MEGABYTE,
        'memory.stat': `anon 5\ninactive_file ${14 * MEGABYTE}`,
      },
    ],
    [
      'cgroup v1',
      {
        'memory/memory.limit_in_bytes': 64 * MEGABYTE,
        'memory/memory.usage_in_bytes': 30 * MEGABYTE,
        'memory/memory.stat': `total_inactive_file ${14 * MEGABYTE}`,
      },
    ],
  ]
  for (const [name, files] of LIMITED) {
    it(`has the memory of its container by ${name}, page cache left out`, async () => {
      write(files)
      assert.deepEqual(await readMemory(directory), {
        usedMegabytes: 16,
        availableMegabytes: 48,
        utilizationPercent: 25,
      })
    })
  }

  const UNLIMITED: readonly [string, Readonly<Record<string, string | number>>][] = [
    ['no limit', { 'memory.max': 'max', 'memory.current': 1 }],
    ['a limit beyond the machine', { 'memory.max': 2 ** 62, 'memory.current': 1 }],
    ['no cgroup', {}],
  ]
  for (const [name, files] of UNLIMITED) {
    it(`has its own memory with ${name}`, async () => {
      write(files)
      const { usedMegabytes, availableMegabytes } = await readMemory(directory)
      assert.equal(usedMegabytes + availableMegabytes, totalmem() / MEGABYTE)
    })
  }

  const CPU: readonly [string, number, number, number][] = [
    ['half', 50, 100, 50],
    ['none', 0, 100, 0],
    ['no time passed', 0, 0, 0],
  ]
  for (const [name, busyMs, totalMs, percent] of CPU) {
    it(`was busy since the reading before: ${name}`, () => {
      const before = { busyMs: 1000, totalMs: 5000 }
      assert.equal(cpuPercent(before, { busyMs: 1000 + busyMs, totalMs: 5000 + totalMs }), percent)
    })
  }

  it('has the GPUs that sysfs tells of, in order', async () => {
    const card = (name: string, busy: number) => ({
      [`${name}/device/gpu_busy_percent`]: busy,
      [`${name}/device/mem_info_vram_used`]: 512 * MEGABYTE,
      [`${name}/device/mem_info_vram_total`]: 2048 * MEGABYTE,
    })
    write({ ...card('card10', 3), ...card('card2', 75), 'card1/device/vendor': 'other', 'card2-DP-1/x': '' })
    const memory = { memoryUsedMegabytes: 512, memoryTotalMegabytes: 2048 }
    assert.deepEqual(await readGpus(directory), [
      { deviceId: '0', utilizationPercent: 75, ...memory },
      { deviceId: '1', utilizationPercent: 3, ...memory },
    ])
  })

  it('has no GPU where there is no sysfs', async () => {
    assert.deepEqual(await readGpus(join(directory, 'none')), [])
  })

  it('has no disk where the model store cannot be asked', async () => {
    const reading = await new SystemReader(join(directory, 'none')).read()
    assert.equal(reading.disk, undefined)
  })
})
