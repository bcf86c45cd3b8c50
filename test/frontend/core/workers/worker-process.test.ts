import assert from 'node:assert/strict'
import { fileURLToPath } from 'node:url'
import type { LaunchCommand } from '../../../../frontend/core/workers/launch-command.ts'
import {
  ChildWorkerProcess,
  WorkerDied,
  type WorkerExit,
} from '../../../../frontend/core/workers/worker-process.ts'
import type { BatchRequest, LoadSpec, LogRecord, MetricSample } from '../../../../worker/contract/messages.ts'
import { FakeClock } from '../../../support/fake-clock.ts'
import { gate } from '../../../support/gate.ts'
import { SPEC } from '../../../support/worker-sets.ts'

const PROGRAM = fileURLToPath(new URL('../../../support/programs/worker-program.ts', import.meta.url))
const COMMAND: LaunchCommand = {
  file: process.execPath,
  args: ['--import', 'tsx', PROGRAM],
  env: { PATH: process.env['PATH'] ?? '' },
}

type Given = { readonly onLoad?: string; readonly threads?: number; readonly command?: LaunchCommand }

/** Real child processes that run `worker-program.ts`. */
describe('ChildWorkerProcess', function () {
  this.timeout(20_000)

  const children: ChildWorkerProcess[] = []
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('crash', 'the test is over')
  })

  function start({ onLoad = 'serve', threads = 1, command = COMMAND }: Given = {}) {
    const clock = new FakeClock()
    const exited = gate<WorkerExit>()
    const failed = gate<Error>()
    const loaded = gate()
    const logs: LogRecord[] = []
    const observed: MetricSample[] = []
    const logged = new Map<string, () => void>()
    const spec: LoadSpec = { ...SPEC, modelDir: process.cwd(), threads, handlerConfig: { onLoad } }
    let instances = 0
    const listener = {
      onInstance: () => (++instances === threads ? loaded.open() : undefined),
      onThreadLost: () => undefined,
      onInstanceFailed: failed.open,
      onLog: (record: LogRecord) => {
        logs.push(record)
        logged.get(record.message)?.()
      },
      onMetrics: (samples: readonly MetricSample[]) => observed.push(...samples),
      onExit: exited.open,
    }
    const child = new ChildWorkerProcess(command, spec, { listener, clock })
    children.push(child)
    const logOf = (message: string) => new Promise<void>((resolve) => logged.set(message, resolve))
    return {
      child,
      clock,
      loaded: loaded.promise,
      failed: failed.promise,
      exited: exited.promise,
      logs,
      observed,
      logOf,
    }
  }

  const batch = (...ids: string[]): BatchRequest[] =>
    ids.map((id) => ({ id, headers: {}, remainingMs: 1000, payload: { kind: 'parts', parts: [] } }))

  async function idsOf(result: ReturnType<ChildWorkerProcess['run']>): Promise<string[]> {
    const { replies } = await result
    return replies.map((reply) =>
      reply.ok && reply.value.payload.kind === 'bytes'
        ? Buffer.from(reply.value.payload.bytes).toString()
        : '',
    )
  }

  it('is ready when its threads say so, and answers batches in any order', async () => {
    const { child, loaded } = start({ threads: 3 })
    assert.equal(child.readyThreads, 0)
    await loaded
    assert.equal(child.readyThreads, 3)
    const held = idsOf(child.run(batch('hold', 'a')))
    const other = idsOf(child.run(batch('b')))
    assert.equal(child.runningBatches, 2)
    assert.deepEqual(await other, ['b'])
    assert.deepEqual(await idsOf(child.run(batch('release'))), ['release'])
    assert.deepEqual(await held, ['hold', 'a'])
    assert.equal(child.runningBatches, 0)
  })

  it('passes on pieces and metrics while the batch runs, and tells the worker which member nobody waits for', async () => {
    const { child, loaded, observed } = start()
    await loaded
    const requests = batch('stream', 'a')
    const second = gate()
    const pieces: string[] = []
    const running = child.run(requests, (member, { bytes }) => {
      pieces.push(`${member}: ${Buffer.from(bytes).toString()}`)
      if (pieces.length === 2) second.open()
    })
    await second.promise
    child.cancel(requests, 1)
    const { replies } = await running
    assert.deepEqual(pieces, ['1: one ', '1: two '])
    assert.deepEqual(
      observed.map(({ name }) => name),
      ['words'],
    )
    assert.deepEqual(
      replies.map((reply) => !reply.ok && reply.error.message),
      ['stream: member 1', 'a: member 1'],
    )
    child.cancel(requests, 1)
    assert.deepEqual(await idsOf(child.run(batch('b'))), ['b'])
  })

  it('passes on why a thread could not load', async () => {
    const error = await start({ onLoad: 'fail' }).failed
    assert.deepEqual([error.message, 'code' in error && error.code], ['no graph', 'invalid_argument'])
  })

  it('passes on what native code prints, line by line', async () => {
    const { loaded, logs, logOf } = start({ onLoad: 'print' })
    await Promise.all([loaded, logOf('and more'), logOf('a warning')])
    assert.deepEqual(logs.map(({ level, message }) => `${level} ${message}`).sort(), [
      'warn a warning',
      'warn and more',
      'warn from native code',
    ])
  })

  const ENDINGS: readonly (Given & { readonly it: string; readonly exit: WorkerExit })[] = [
    { it: 'an exit', onLoad: 'exit', exit: { cause: 'crash', detail: 'it ended with exit code 3' } },
    { it: 'a native abort', onLoad: 'abort', exit: { cause: 'crash', detail: 'it ended with SIGABRT' } },
    { it: 'a closed channel', onLoad: 'hang up', exit: { cause: 'crash', detail: 'it ended with SIGKILL' } },
    {
      it: 'what is not a frame',
      onLoad: 'garbage',
      exit: {
        cause: 'crash',
        detail: 'its channel failed: a frame of 4294967299 bytes arrived, allowed are 16 to 4294967295',
      },
    },
    {
      it: 'a program that cannot be started',
      command: { ...COMMAND, file: '/no/such/program' },
      exit: { cause: 'startup', detail: 'it could not be started: spawn /no/such/program ENOENT' },
    },
  ]
  for (const { it: claim, exit, ...given } of ENDINGS) {
    it(`ends by ${claim}, and says so`, async () => {
      const { child, exited } = start(given)
      assert.deepEqual(await exited, exit)
      assert.equal(child.readyThreads, 0)
    })
  }

  it('is ended for a lost device, and every running batch may be tried again elsewhere', async () => {
    const { child, loaded, exited } = start({ threads: 2 })
    await loaded
    const results = [child.run(batch('hold')), child.run(batch('lose device'))]
    for (const result of results) {
      await assert.rejects(result, (error) => error instanceof WorkerDied)
    }
    assert.deepEqual(await exited, { cause: 'device', detail: 'cuda device 0 is lost' })
  })

  it('rejects every running batch when it dies', async () => {
    const { child, loaded, exited } = start({ threads: 2 })
    await loaded
    const results = [child.run(batch('hold')), child.run(batch('abort'))]
    for (const result of results) {
      await assert.rejects(result, { name: 'Error', message: 'it ended with SIGABRT' })
    }
    assert.equal((await exited).detail, 'it ended with SIGABRT')
    assert.equal(child.runningBatches, 0)
  })

  it('ends at once when killed, and keeps the first reason', async () => {
    const { child, loaded, exited } = start({ threads: 2 })
    await loaded
    const held = child.run(batch('hold'))
    child.kill('timeout', 'it is stuck')
    child.kill('crash', 'another reason')
    assert.equal(child.readyThreads, 0)
    await assert.rejects(held, { message: 'it is stuck' })
    assert.deepEqual(await exited, { cause: 'timeout', detail: 'it is stuck' })
  })

  it('lets a running batch finish before it stops, however long that takes', async () => {
    const { child, clock, loaded, logOf } = start()
    await loaded
    const held = idsOf(child.run(batch('hold')))
    const stopped = child.stop()
    assert.equal(child.readyThreads, 0)
    await logOf('was told to stop')
    await clock.advance(60_000)
    await child.run(batch('release'))
    assert.deepEqual(await held, ['hold'])
    await clock.advance(2000)
    await stopped
  })

  it('gives an idle process a moment to stop by itself', async () => {
    const { child, clock, loaded, exited } = start()
    await loaded
    const stopped = child.stop()
    assert.equal(clock.pendingTimers, 1)
    await clock.advance(2000)
    await stopped
    assert.equal((await exited).detail, 'it ended with SIGKILL')
  })

  it('may be stopped twice, and after its end', async () => {
    const { child, loaded } = start()
    await loaded
    const stopped = [child.stop(), child.stop()]
    child.kill('crash', 'enough')
    await Promise.all(stopped)
    await child.stop()
  })

  it('counts a thread that died as not ready until it is replaced', async () => {
    const { child, loaded } = start({ threads: 2 })
    await loaded
    await child.run(batch('thread dies'))
    assert.equal(child.readyThreads, 1)
    await child.run(batch('thread returns'))
    assert.equal(child.readyThreads, 2)
  })

  it('never counts more threads than it has', async () => {
    const { child, loaded } = start({ threads: 2 })
    await loaded
    await child.run(batch('thread returns'))
    assert.equal(child.readyThreads, 2)
  })

  it('does not count a batch as running that cannot be encoded', async () => {
    const { child, loaded } = start()
    await loaded
    // JSON has no big integers, so such a header cannot be a frame.
    const headers = { 'x-count': 1n as unknown as string }
    await assert.rejects(child.run([{ ...(batch('a')[0] ?? never()), headers }]), TypeError)
    assert.equal(child.runningBatches, 0)
  })
})

function never(): never {
  throw new Error('the list is not empty')
}
