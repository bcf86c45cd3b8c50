import assert from 'node:assert/strict'
import { FakeClock, settlePromises } from '../../../support/fake-clock.ts'
import { FakeWorkers, type FakeWorkersOptions } from '../../../support/fake-worker-process.ts'
import { STARTUP_TIMEOUT_MS, workerSet } from '../../../support/worker-sets.ts'

function fixture(threads: readonly number[], options: FakeWorkersOptions = {}) {
  const clock = new FakeClock()
  const workers = new FakeWorkers(options)
  const restarts: string[] = []
  const listener = { onRestart: ({ detail }: { detail: string }) => restarts.push(detail) }
  const set = workerSet({ workers, clock, threads, listener })
  return { clock, workers, set, restarts }
}

/** Runs an empty batch on each process so often. */
function occupy(workers: FakeWorkers, batches: readonly number[]): void {
  for (const [index, count] of batches.entries()) {
    for (let i = 0; i < count; i++) void workers.processes[index]?.run([])
  }
}

describe('WorkerSet', () => {
  describe('started', () => {
    it('resolves when every thread of every process is ready', async () => {
      const { workers, set } = fixture([2, 1])
      let isStarted = false
      void set.started.then(() => (isStarted = true))
      workers.processes[0]?.ready()
      await settlePromises()
      assert.equal(isStarted, false)
      workers.processes[1]?.ready()
      await set.started
    })

    it('rejects with what a thread said that could not load', async () => {
      const { workers, set } = fixture([1, 1])
      workers.processes[0]?.ready()
      workers.processes[1]?.failToLoad()
      await assert.rejects(set.started, { code: 'invalid_argument', message: 'the graph is broken' })
    })

    it('rejects when a process dies before all are ready', async () => {
      const { workers, set } = fixture([1, 1])
      workers.processes[0]?.ready()
      workers.processes[0]?.exit()
      await assert.rejects(set.started, { message: 'it ended with SIGSEGV' })
    })

    it('rejects when a process is not ready in time', async () => {
      const { clock, set } = fixture([1])
      await clock.advance(STARTUP_TIMEOUT_MS)
      await assert.rejects(set.started, { message: 'it was not ready within 10000 ms' })
    })

    it('rejects when the set is stopped first', async () => {
      const { set } = fixture([1])
      await set.stop()
      await assert.rejects(set.started, { message: 'its workers were stopped' })
    })

    it('stays resolved when a process crashes later: that is a restart', async () => {
      const { workers, set, restarts } = fixture([1])
      workers.latest().ready()
      workers.latest().exit()
      await set.started
      assert.deepEqual(restarts, ['it ended with SIGSEGV'])
    })

    it('does not call a failed start a restart', async () => {
      const { workers, set, restarts } = fixture([1])
      workers.latest().exit()
      await assert.rejects(set.started)
      assert.deepEqual(restarts, [])
    })
  })

  describe('pick', () => {
    const PICKS: readonly {
      readonly it: string
      readonly threads: readonly number[]
      readonly batches: readonly number[]
      readonly isAlone?: boolean
      /** Index of the process; -1 is none. */
      readonly expected: number
    }[] = [
      { it: 'takes the first of equally busy processes', threads: [1, 1], batches: [0, 0], expected: 0 },
      { it: 'takes the least busy process', threads: [2, 2], batches: [1, 0], expected: 1 },
      { it: 'takes the one with a free thread', threads: [1, 3], batches: [1, 2], expected: 1 },
      { it: 'finds none when every thread is busy', threads: [1, 2], batches: [1, 2], expected: -1 },
      {
        it: 'gives a lone request an idle process',
        threads: [2, 2],
        batches: [1, 0],
        isAlone: true,
        expected: 1,
      },
      {
        it: 'gives a lone request no busy process',
        threads: [2, 2],
        batches: [1, 1],
        isAlone: true,
        expected: -1,
      },
    ]
    for (const { it: claim, threads, batches, isAlone = false, expected } of PICKS) {
      it(claim, () => {
        const { workers, set } = fixture(threads)
        for (const process of workers.processes) process.ready()
        occupy(workers, batches)
        assert.equal(set.pick(isAlone), workers.processes[expected])
      })
    }

    it('picks no process before a thread of it is ready', () => {
      const { workers, set } = fixture([2])
      assert.equal(set.pick(false), undefined)
      workers.latest().ready(1)
      assert.equal(set.pick(false), workers.latest())
      occupy(workers, [1])
      assert.equal(set.pick(false), undefined)
    })

    it('keeps others out of a process until its lone request has ended', () => {
      const { workers, set } = fixture([2])
      workers.latest().ready()
      assert.equal(set.pick(true), workers.latest())
      void workers.latest().run([])
      assert.equal(set.pick(false), undefined)
      assert.equal(set.pick(true), undefined)
      workers.batches[0]?.answer()
      for (let thread = 0; thread < 2; thread++) {
        assert.equal(set.pick(false), workers.latest())
        void workers.latest().run([])
      }
    })

    it('picks no process that is gone, and its replacement once that is ready', async () => {
      const { clock, workers, set } = fixture([1])
      workers.latest().ready()
      workers.latest().exit()
      assert.equal(set.pick(false), undefined)
      await clock.advance(0)
      assert.equal(set.pick(false), undefined)
      workers.latest().ready()
      assert.equal(set.pick(false), workers.latest())
    })

    it('picks no process that was killed or stopped and has not ended yet', () => {
      const { workers, set } = fixture([1, 1], { lingers: true })
      for (const process of workers.processes) process.ready()
      workers.processes[0]?.kill('timeout', 'stuck')
      void workers.processes[1]?.stop()
      assert.equal(set.pick(false), undefined)
    })
  })

  describe('counts', () => {
    it('expects workers that load, not those whose process waits for its next start', async () => {
      const { clock, workers, set } = fixture([2, 1])
      assert.deepEqual([set.size, set.processes, set.readyWorkers, set.expectedWorkers], [3, 2, 0, 3])
      for (const process of workers.processes) process.ready()
      assert.equal(set.readyWorkers, 3)
      workers.processes[0]?.exit()
      assert.deepEqual([set.readyWorkers, set.expectedWorkers, set.backoffMs], [1, 3, 0])
      await clock.advance(0)
      workers.latest().exit()
      assert.deepEqual([set.readyWorkers, set.expectedWorkers, set.backoffMs], [1, 1, 0])
      assert.equal(set.lastFailure, 'it ended with SIGSEGV')
    })

    it('waits for the first of several back-offs', async () => {
      const { clock, workers, set } = fixture([1, 1])
      const [first, second] = workers.processes
      first?.exit()
      second?.exit()
      await clock.advance(0)
      workers.processes[2]?.exit()
      await clock.advance(30)
      workers.processes[3]?.exit()
      assert.deepEqual([set.expectedWorkers, set.backoffMs], [0, 70])
    })
  })

  describe('describe', () => {
    it('lists every worker with its state, process and memory', async () => {
      const { clock, workers, set } = fixture([2, 1, 1])
      workers.processes[0]?.ready(1)
      workers.processes[1]?.ready()
      workers.processes[2]?.exit()
      await clock.advance(0)
      workers.latest().exit()
      const described = set.describe((pid) => pid * 2)
      assert.deepEqual(
        described.map(({ id, state, pid, memoryBytes }) => [id, state, pid, memoryBytes]),
        [
          ['7-0-0', 'ready', 1000, 2000],
          ['7-0-1', 'loading', 1000, 2000],
          ['7-1-0', 'ready', 1001, 2002],
          ['7-2-0', 'failed', undefined, 0],
        ],
      )
      assert.deepEqual(set.pids, [1000, 1001])
    })

    it('calls every worker draining once it stops', () => {
      const { workers, set } = fixture([1], { lingers: true })
      workers.latest().ready()
      void set.stop()
      assert.equal(set.isStopped, true)
      assert.equal(set.describe(() => 0)[0]?.state, 'draining')
    })
  })

  it('stops all its processes', async () => {
    const { clock, workers, set } = fixture([1, 1, 1])
    workers.processes[0]?.ready()
    workers.processes[2]?.exit()
    await set.stop()
    await clock.advance(60_000)
    assert.deepEqual(workers.alive, [])
    assert.equal(clock.pendingTimers, 0)
  })

  it('hands out what the first worker said of the model', () => {
    const { workers, set } = fixture([1])
    const nameOfInput = () => set.report?.inputs[0]?.name
    assert.equal(nameOfInput(), undefined)
    assert.equal(set.usesHeaders, true)
    workers.latest().ready(1, { usesHeaders: false })
    assert.equal(nameOfInput(), 'x')
    assert.equal(set.usesHeaders, false)
  })
})
