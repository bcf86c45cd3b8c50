import assert from 'node:assert/strict'
import { quietStart } from '../../../../frontend/core/workers/quiet-start.ts'
import type { WorkerProcessListener } from '../../../../frontend/core/workers/worker-process.ts'
import { FakeClock } from '../../../support/fake-clock.ts'
import { FakeWorkers } from '../../../support/fake-worker-process.ts'
import { SPEC } from '../../../support/worker-sets.ts'

const LISTENER: WorkerProcessListener = {
  onInstance: () => undefined,
  onThreadLost: () => undefined,
  onInstanceFailed: () => undefined,
  onLog: () => undefined,
  onMetrics: () => undefined,
  onExit: () => undefined,
}

function fixture() {
  const workers = new FakeWorkers()
  const heard: string[] = []
  const clock = new FakeClock()
  const priority = {
    lower: (pid: number) => heard.push(`lower ${pid}`),
    restore: (pid: number) => heard.push(`restore ${pid}`),
  }
  const quiet = quietStart(workers.start, { priority, clock })
  const start = (spec = { ...SPEC, threads: 1 }) => {
    quiet(spec, 0, LISTENER)
    return workers.latest()
  }
  return { clock, heard, start }
}

describe('quietStart', () => {
  it('starts processes as equals while none serves', () => {
    const { heard, start } = fixture()
    start()
    start().ready()
    assert.deepEqual(heard, [])
  })

  it('puts one that loads beside another behind it, until all its threads are ready', () => {
    const { heard, start } = fixture()
    start().ready()
    const second = start({ ...SPEC, threads: 2 })
    const { pid } = second
    second.ready(1)
    assert.deepEqual(heard, [`lower ${pid}`])
    second.ready(1)
    second.loseThread()
    second.ready(1)
    assert.deepEqual(heard, [`lower ${pid}`, `restore ${pid}`])
  })

  it('makes one an equal that has taken long', async () => {
    const { clock, heard, start } = fixture()
    start().ready()
    const { pid } = start()
    await clock.advance(9999)
    assert.deepEqual(heard, [`lower ${pid}`])
    await clock.advance(1)
    assert.deepEqual(heard, [`lower ${pid}`, `restore ${pid}`])
  })

  for (const end of ['ready', 'exit'] as const) {
    it(`waits for nothing more after ${end}`, () => {
      const { clock, start } = fixture()
      start().ready()
      start()[end]()
      assert.equal(clock.pendingTimers, 0)
    })
  }

  it('starts what takes the place of a dead process as an equal', () => {
    const { heard, start } = fixture()
    const spec = { ...SPEC, threads: 1 }
    start(spec).ready()
    start().ready()
    heard.length = 0
    start(spec).ready()
    assert.deepEqual(heard, [])
  })

  it('knows that the last that served has ended', () => {
    const { heard, start } = fixture()
    const first = start()
    first.ready()
    first.exit()
    start()
    assert.deepEqual(heard, [])
  })

  it('lets whoever starts it see it as an equal that is ready', () => {
    const workers = new FakeWorkers()
    const heard: string[] = []
    const priority = { lower: () => undefined, restore: () => heard.push('restored') }
    const quiet = quietStart(workers.start, { priority, clock: new FakeClock() })
    const listener = { ...LISTENER, onInstance: () => heard.push('told') }
    quiet({ ...SPEC, threads: 1 }, 0, LISTENER)
    workers.latest().ready()
    quiet({ ...SPEC, threads: 1 }, 0, listener)
    workers.latest().ready()
    assert.deepEqual(heard, ['restored', 'told'])
  })
})
