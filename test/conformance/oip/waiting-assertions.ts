import assert from 'node:assert/strict'
import type { WiredAssertion } from './wired-assertion.ts'

/** What waits, for how long, and in which order. Each loads a model of its own. */
export const WAITING_ASSERTIONS: readonly WiredAssertion[] = [
  {
    number: 70,
    it: 'one request more than may wait is refused at once',
    run: async ({ server, wire, model, value }) => {
      await server.packGated(model, 'maxQueuedRequests: 1\n')
      await wire.load(model)
      const running = wire.infer({ model, data: [value] })
      await server.gate.held(value)
      const queued = wire.infer({ model, data: [value + 1] })
      await server.waiting(model, 1)
      assert.equal((await wire.infer({ model, data: [value + 2] })).is, 'RESOURCE_EXHAUSTED')
      await server.gate.open(value, value + 1)
      assert.deepEqual([(await running).is, (await queued).is], ['ok', 'ok'])
    },
  },
  {
    number: 71,
    it: 'a request that may not wait so long ends while the one before it runs on',
    run: async ({ server, wire, model, value }) => {
      await server.packGated(model, 'scheduling:\n  queuePolicy:\n    allowTimeoutOverride: true\n')
      await wire.load(model)
      const running = wire.infer({ model, data: [value] })
      await server.gate.held(value)
      const late = await wire.infer({ model, data: [value + 1], timeoutMicroseconds: 50_000 })
      assert.equal(late.is, 'DEADLINE_EXCEEDED')
      await server.gate.open(value)
      assert.equal((await running).is, 'ok')
    },
  },
  {
    number: 72,
    it: 'a client that leaves while its request waits: it never runs, and counts as failed',
    run: async ({ server, wire, model, value }) => {
      await server.packGated(model)
      await wire.load(model)
      const running = wire.infer({ model, data: [value] })
      await server.gate.held(value)
      const { signal, abort } = aborter()
      const queued = wire.infer({ model, data: [value + 1], signal })
      await server.waiting(model, 1)
      abort()
      assert.equal((await queued).is, 'CANCELLED')
      await server.waiting(model, 0)
      await server.gate.open(value, value + 2)
      assert.equal((await running).is, 'ok')
      assert.equal((await wire.infer({ model, data: [value + 2] })).is, 'ok')
      assert.equal(await server.gate.hasRun(value + 1), false)
      assert.deepEqual(await wire.statistics(model), { rows: 2, executions: 2, failures: 1 })
    },
  },
  {
    number: 85,
    it: 'preferred sizes run at once, others wait for them',
    run: async ({ server, wire, model }) => {
      const config = 'maxBatchRows: 8\nmaxBatchDelayMs: 60000\nscheduling:\n  preferredBatchRows: [2, 6]\n'
      await server.packIdentity(model, { config })
      await wire.load(model)
      const ask = (rows: number) =>
        wire.infer({ model, shape: [rows, 1], data: Array.from({ length: rows }, () => rows) })
      for (const rows of [2, 6, 7]) assert.equal((await ask(rows)).data.length, rows)
      assert.deepEqual(await wire.statistics(model), { rows: 15, executions: 3, failures: 0 })
      const single = ask(1)
      await server.waiting(model, 1)
      assert.deepEqual([(await ask(1)).data, (await single).data], [[1], [1]])
      assert.deepEqual(await wire.statistics(model), { rows: 17, executions: 4, failures: 0 })
      const twelve = await Promise.all(Array.from({ length: 12 }, () => ask(1)))
      assert.deepEqual(new Set(twelve.map(({ is }) => is)), new Set(['ok']))
      const { rows, executions } = await wire.statistics(model)
      assert.equal(rows, 29)
      assert.ok(executions <= 10, `${executions - 4} executions of twelve requests`)
    },
  },
  {
    number: 86,
    it: 'answers leave in the order of their requests, though the second is done first',
    run: async ({ server, wire, model, value }) => {
      await server.packGated(model, 'minWorkers: 2\nscheduling:\n  preserveOrdering: true\n')
      await wire.load(model)
      const order: number[] = []
      const ask = async (data: number) => {
        assert.equal((await wire.infer({ model, data: [data] })).is, 'ok')
        order.push(data)
      }
      const first = ask(value)
      await server.gate.held(value)
      await server.gate.open(value + 1)
      const second = ask(value + 1)
      await server.gate.held(value + 1)
      await server.gate.open(value)
      await Promise.all([first, second])
      assert.deepEqual(order, [value, value + 1])
    },
  },
  {
    number: 87,
    it: 'requests of different shapes run apart',
    run: async ({ server, wire, model }) => {
      const config = 'maxBatchRows: 4\nmaxBatchDelayMs: 60000\nscheduling:\n  preferredBatchRows: [2]\n'
      await server.packIdentity(model, { config })
      await wire.load(model)
      const shapes = [2, 3, 2, 3]
      const answers = await Promise.all(
        shapes.map((columns) =>
          wire.infer({ model, shape: [1, columns], data: Array.from({ length: columns }, () => columns) }),
        ),
      )
      assert.deepEqual(
        answers.map(({ data }) => data),
        [
          [2, 2],
          [3, 3, 3],
          [2, 2],
          [3, 3, 3],
        ],
      )
      assert.deepEqual(await wire.statistics(model), { rows: 4, executions: 2, failures: 0 })
    },
  },
]

function aborter() {
  const controller = new AbortController()
  return {
    signal: controller.signal,
    abort: () => {
      controller.abort()
    },
  }
}
