import assert from 'node:assert/strict'
import { freeMemoryBytes } from '../../../../frontend/core/workers/free-memory.ts'
import { MemoryBudget, type MemoryHolder } from '../../../../frontend/core/workers/memory-budget.ts'
import { estimateMemory } from '../../../../frontend/core/workers/memory-estimate.ts'
import type { ExecutionProvider } from '../../../../worker/contract/messages.ts'

const MEBIBYTE = 2 ** 20
const MODEL = { name: 'm', version: '1' }
const PREPARED = { prepared: { path: '/p' }, prepacks: true }
const planOf = (threads: readonly number[], provider: ExecutionProvider = 'cpu') => ({
  processes: threads.map((count) => ({ threads: count, device: { provider, deviceId: 0 } })),
})

describe('estimateMemory', () => {
  const CASES = [
    { it: 'counts private weights for every worker', plan: planOf([2]), graph: undefined, mebibytes: 510 },
    { it: 'counts shared weights once', plan: planOf([1, 1]), graph: PREPARED, mebibytes: 260 },
    {
      it: 'leaves weights to the memory of a GPU',
      plan: planOf([1], 'cuda'),
      graph: undefined,
      mebibytes: 80,
    },
  ] as const
  for (const { it: claim, plan, graph, mebibytes } of CASES) {
    it(claim, () => {
      assert.equal(estimateMemory(plan, 100 * MEBIBYTE, graph).totalBytes, mebibytes * MEBIBYTE)
    })
  }
})

describe('MemoryBudget', () => {
  const estimate = (totalBytes: number) => ({ totalBytes, sharedBytes: 0, perWorkerBytes: 0 })
  const workers = (changes: Partial<MemoryHolder> = {}): MemoryHolder => ({
    isStopped: false,
    size: 1,
    readyWorkers: 1,
    pids: [],
    ...changes,
  })
  const budget = (limitBytes: number) =>
    new MemoryBudget({ limitBytes, freeBytes: () => 1000, ownBytes: () => 100, takenBytes: () => 80 })

  const CASES = [
    { it: 'takes what is free', limit: 0, held: [], fits: 1000 },
    { it: 'does not count again what runs', limit: 0, held: [workers()], fits: 1000 },
    { it: 'counts what still loads', limit: 0, held: [workers({ readyWorkers: 0 })], fits: 700 },
    {
      it: 'does not count again what it has taken while it loads',
      limit: 0,
      held: [workers({ readyWorkers: 0, pids: [1, 2] })],
      fits: 860,
    },
    {
      it: 'counts nothing of what takes more than was estimated',
      limit: 0,
      held: [workers({ readyWorkers: 0, pids: [1, 2, 3, 4] })],
      fits: 1000,
    },
    { it: 'forgets what was stopped', limit: 5000, held: [workers({ isStopped: true })], fits: 4900 },
    { it: 'counts itself and all workers against a limit', limit: 5000, held: [workers()], fits: 4600 },
    { it: 'lets a limit be above what is free', limit: 5000, held: [], fits: 4900 },
  ]
  for (const { it: claim, limit, held, fits } of CASES) {
    it(claim, () => {
      const memory = budget(limit)
      for (const holder of held) memory.hold(holder, estimate(300))
      memory.check(MODEL, estimate(fits))
      assert.throws(() => memory.check(MODEL, estimate(fits + 1)), {
        code: 'resource_exhausted',
        reason: 'memory',
      })
    })
  }

  it('says what is needed, what is left, and what can be done', () => {
    assert.throws(() => budget(0).check(MODEL, estimate(1200)), {
      message:
        'the workers of m/1 would take about 1200 bytes of memory, and 1000 are left; start fewer workers, unload a version, or raise memory_limit_bytes if more is there',
    })
  })
})

describe('freeMemoryBytes', () => {
  const MACHINE = { '/proc/meminfo': 'MemTotal: 9000 kB\nMemAvailable:    4000 kB\n' }
  const V2 = {
    '/sys/fs/cgroup/memory.max': '2000000\n',
    '/sys/fs/cgroup/memory.current': '1500000\n',
    '/sys/fs/cgroup/memory.stat': 'anon 1\ninactive_file 300000\n',
  }
  const V1 = {
    '/sys/fs/cgroup/memory/memory.limit_in_bytes': '2000000\n',
    '/sys/fs/cgroup/memory/memory.usage_in_bytes': '1500000\n',
    '/sys/fs/cgroup/memory/memory.stat': 'inactive_file 1\ntotal_inactive_file 100000\n',
  }
  const CASES: readonly { it: string; files: Readonly<Record<string, string>>; bytes: number }[] = [
    { it: 'is what the machine has available', files: MACHINE, bytes: 4_096_000 },
    { it: 'is what is left of a cgroup of version 2', files: { ...MACHINE, ...V2 }, bytes: 800_000 },
    { it: 'is what is left of a cgroup of version 1', files: { ...MACHINE, ...V1 }, bytes: 600_000 },
    {
      it: 'does not look at a cgroup without a limit',
      files: { ...MACHINE, ...V2, '/sys/fs/cgroup/memory.max': 'max\n' },
      bytes: 4_096_000,
    },
    { it: 'has no bound where the system does not tell', files: {}, bytes: Number.POSITIVE_INFINITY },
  ]
  for (const { it: claim, files, bytes } of CASES) {
    it(claim, () =>
      assert.equal(
        freeMemoryBytes((path) => files[path]),
        bytes,
      ),
    )
  }

  it('is there on this machine', () => assert.ok(freeMemoryBytes() > 0))
})
