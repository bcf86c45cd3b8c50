import assert from 'node:assert/strict'
import { WorkerSlot } from '../../../../frontend/core/workers/worker-slot.ts'
import { FakeClock, settlePromises } from '../../../support/fake-clock.ts'
import { FakeWorkers, type FakeWorkersOptions } from '../../../support/fake-worker-process.ts'
import { NO_LISTENER, SPEC, STARTUP_TIMEOUT_MS } from '../../../support/worker-sets.ts'

function fixture(options: FakeWorkersOptions = {}, threads = 1) {
  const clock = new FakeClock()
  const workers = new FakeWorkers(options)
  const heard: string[] = []
  const create = () =>
    new WorkerSlot({
      spec: { ...SPEC, threads },
      modelBytes: 0,
      startupTimeoutMs: STARTUP_TIMEOUT_MS,
      startProcess: workers.start,
      clock,
      random: () => 1,
      listener: {
        ...NO_LISTENER,
        onInstance: (pid) => heard.push(`instance of ${pid}`),
        onLoadFailed: (error) => heard.push(`load failed: ${error.message}`),
        onRestart: ({ cause, detail, backoffMs }) =>
          heard.push(`${cause}: ${detail}, next in ${backoffMs} ms`),
        onLog: (pid, { message }) => heard.push(`${pid} logs ${message}`),
        onMetrics: (samples) => heard.push(`observed ${samples.map(({ name }) => name).join(' ')}`),
      },
    })
  return { clock, workers, heard, create }
}

describe('WorkerSlot', () => {
  it('starts a process at once, and is ready when all its threads are', () => {
    const { workers, create } = fixture({}, 2)
    const slot = create()
    assert.equal(workers.processes.length, 1)
    workers.latest().ready(1)
    assert.equal(slot.isReady, false)
    workers.latest().ready(1)
    assert.equal(slot.isReady, true)
  })

  it('replaces a process that is not ready in time', async () => {
    const { clock, workers, heard, create } = fixture({}, 2)
    create()
    workers.latest().ready(1)
    await clock.advance(STARTUP_TIMEOUT_MS)
    assert.deepEqual(heard.slice(1), ['startup: it was not ready within 10000 ms, next in 0 ms'])
    await clock.advance(0)
    assert.equal(workers.processes.length, 2)
  })

  it('leaves a process that became ready in time alone', async () => {
    const { clock, workers, create } = fixture()
    create()
    await clock.advance(STARTUP_TIMEOUT_MS - 1)
    workers.latest().ready()
    await clock.advance(10 * STARTUP_TIMEOUT_MS)
    assert.deepEqual(workers.latest().kills, [])
    assert.equal(clock.pendingTimers, 0)
  })

  it('replaces a process of which a lost thread is not replaced in time', async () => {
    const { clock, workers, heard, create } = fixture({}, 2)
    create()
    workers.latest().ready(2)
    await clock.advance(2 * STARTUP_TIMEOUT_MS)
    workers.latest().loseThread()
    await clock.advance(STARTUP_TIMEOUT_MS)
    assert.match(heard.at(-1) ?? '', /^startup: it was not ready within 10000 ms/)
  })

  it('leaves a process alone that replaces a lost thread in time', async () => {
    const { clock, workers, create } = fixture({}, 2)
    create()
    workers.latest().ready(2)
    workers.latest().loseThread()
    await clock.advance(STARTUP_TIMEOUT_MS - 1)
    workers.latest().ready(1)
    await clock.advance(STARTUP_TIMEOUT_MS)
    assert.deepEqual(workers.latest().kills, [])
  })

  it('replaces a process of which a thread could not load', async () => {
    const { workers, heard, create } = fixture()
    const slot = create()
    workers.latest().failToLoad()
    await settlePromises()
    assert.deepEqual(heard, [
      'load failed: the graph is broken',
      'startup: the graph is broken, next in 0 ms',
    ])
    assert.equal(slot.lastFailure, 'the graph is broken')
  })

  it('restarts at once after a first crash, then ever later', async () => {
    const { clock, workers, heard, create } = fixture()
    const slot = create()
    for (const backoffMs of [0, 100, 200, 400, 800]) {
      workers.latest().ready()
      workers.latest().exit()
      assert.equal(heard.at(-1), `crash: it ended with SIGSEGV, next in ${backoffMs} ms`)
      assert.equal(slot.backoffMs, backoffMs)
      assert.equal(slot.process, undefined)
      const started = workers.processes.length
      await clock.advance(backoffMs)
      assert.equal(workers.processes.length, started + 1)
      assert.equal(slot.backoffMs, 0)
    }
  })

  it('forgets earlier crashes of a process that was ready for long enough', async () => {
    const { clock, workers, heard, create } = fixture()
    create()
    for (let crash = 0; crash < 3; crash++) {
      workers.latest().exit()
      await clock.advance(1000)
    }
    workers.latest().ready()
    await clock.advance(10_001)
    workers.latest().exit()
    assert.equal(heard.at(-1), 'crash: it ended with SIGSEGV, next in 0 ms')
  })

  it('does not take a long start for a long life', async () => {
    const { clock, workers, heard, create } = fixture()
    create()
    workers.latest().exit()
    await clock.advance(0)
    await clock.advance(9000)
    workers.latest().exit()
    assert.equal(heard.at(-1), 'crash: it ended with SIGSEGV, next in 100 ms')
  })

  it('says which process it hears, also after its end', async () => {
    const { clock, workers, heard, create } = fixture()
    create()
    workers.latest().ready()
    workers.latest().exit()
    await clock.advance(0)
    workers.latest(1).log({ level: 'error', message: 'Aborted' })
    assert.deepEqual([heard[0], heard.at(-1)], ['instance of 1000', '1000 logs Aborted'])
    workers.latest().observe([{ name: 'words', kind: 'counter', value: 1, unit: 'Count', dimensions: {} }])
    assert.equal(heard.at(-1), 'observed words')
  })

  it('takes a refused start for a crash, and tries again', async () => {
    const { clock, workers, heard, create } = fixture()
    workers.refusal = new Error('spawn ENOMEM')
    const slot = create()
    assert.deepEqual(heard, ['startup: it could not be started: spawn ENOMEM, next in 0 ms'])
    await clock.advance(0)
    workers.latest().ready()
    assert.equal(slot.isReady, true)
  })

  it('survives a refused restart', async () => {
    const { clock, workers, create } = fixture()
    create()
    workers.latest().exit()
    workers.refusal = new Error('spawn ENOMEM')
    await clock.advance(0)
    assert.equal(workers.processes.length, 1)
    await clock.advance(100)
    assert.equal(workers.processes.length, 2)
  })

  describe('stop', () => {
    const MOMENTS: readonly { readonly it: string; readonly arrange: (workers: FakeWorkers) => void }[] = [
      { it: 'ends a process that is starting', arrange: () => undefined },
      { it: 'ends a process that is ready', arrange: (workers) => workers.latest().ready() },
      {
        it: 'ends a process that is being killed',
        arrange: (workers) => workers.latest().kill('timeout', 'stuck'),
      },
      { it: 'ends the wait for the next start', arrange: (workers) => workers.latest().exit() },
    ]
    for (const { it: claim, arrange } of MOMENTS) {
      it(`${claim}, for good`, async () => {
        const { clock, workers, create } = fixture()
        const slot = create()
        arrange(workers)
        await slot.stop()
        await clock.advance(60_000)
        assert.deepEqual(workers.alive, [])
        assert.equal(workers.processes.length, 1)
        assert.equal(clock.pendingTimers, 0)
      })
    }

    it('lets running batches finish', async () => {
      const { workers, create } = fixture()
      const slot = create()
      workers.latest().ready()
      const result = workers.latest().run([])
      const stopped = slot.stop()
      await settlePromises()
      assert.equal(workers.latest().isGone, false)
      workers.batches[0]?.answer()
      await stopped
      assert.deepEqual((await result).replies, [])
    })

    it('may be called twice', async () => {
      const { create } = fixture()
      const slot = create()
      await Promise.all([slot.stop(), slot.stop()])
    })
  })
})
