import assert from 'node:assert/strict'
import { request } from 'node:http'
import type { Assertion } from './assertion.ts'
import type { OipServer } from './oip-server.ts'
import { input, late } from './requests.ts'
import { statistics, untilWaiting } from './statistics.ts'

const NARROW = '/v2/models/narrow/infer'

/** How requests wait, and are put together. */
export const QUEUE_ASSERTIONS: readonly Assertion[] = [
  {
    number: 72,
    it: 'a client that leaves while its request waits: it never runs',
    run: async (server) => {
      const before = await statistics(server, 'narrow')
      const running = server.ask(NARROW, { body: JSON.stringify(late(600)) })
      await server.readSoFar()
      const leaving = request(`${server.inference}${NARROW}`, { method: 'POST' })
      leaving.on('error', () => undefined) // what it does itself
      leaving.end(JSON.stringify(late(1)))
      await untilWaiting(server, 'narrow', 1)
      leaving.destroy()
      await untilWaiting(server, 'narrow', 0)
      assert.equal((await running).status, 200)
      const after = await statistics(server, 'narrow')
      assert.equal(after.inference_count - before.inference_count, 1)
      assert.equal(after.inference_stats.fail.count - before.inference_stats.fail.count, 1)
    },
  },
  {
    number: 85,
    it: 'a batch of a preferred size does not wait, anything else does',
    run: async (server) => {
      const first = askRows(server, 'preferred', [1, 1])
      await untilWaiting(server, 'preferred', 1)
      const answers = await Promise.all([first, askRows(server, 'preferred', [1, 1])])
      assert.deepEqual(answers, [200, 200])
      assert.equal(await askRows(server, 'preferred', [6, 1]), 200)
      assert.deepEqual(await batchesOf(server, 'preferred'), [
        [2, 1],
        [6, 1],
      ])
    },
  },
  {
    number: 86,
    it: 'answers leave in the order of their requests, whichever of two workers is first',
    run: async (server) => {
      const left: string[] = []
      const ask = async (name: string, ms: number) => {
        const body = JSON.stringify(late(ms))
        assert.equal((await server.ask('/v2/models/ordered/infer', { body })).status, 200)
        left.push(name)
      }
      const slow = ask('slow', 500)
      await server.readSoFar()
      await Promise.all([slow, ask('fast', 1)])
      assert.deepEqual(left, ['slow', 'fast'])
    },
  },
  {
    number: 87,
    it: 'requests of different shapes run apart',
    run: async (server) => {
      const narrow = askRows(server, 'shapes', [1, 2])
      await untilWaiting(server, 'shapes', 1)
      const wide = askRows(server, 'shapes', [1, 3])
      await untilWaiting(server, 'shapes', 2)
      const answers = [narrow, wide, askRows(server, 'shapes', [1, 2]), askRows(server, 'shapes', [1, 3])]
      assert.deepEqual(await Promise.all(answers), [200, 200, 200, 200])
      assert.deepEqual(await batchesOf(server, 'shapes'), [[2, 2]])
    },
  },
]

async function askRows(server: OipServer, model: string, shape: readonly [number, number]): Promise<number> {
  const data = Array.from({ length: shape[0] * shape[1] }, (_, index) => index)
  const body = JSON.stringify({ inputs: [input('FP32', shape, { data })] })
  return (await server.ask(`/v2/models/${model}/infer`, { body })).status
}

/** Rows, and how many engine calls had so many. */
async function batchesOf(server: OipServer, model: string): Promise<[rows: number, count: number][]> {
  const { batch_stats: batches } = await statistics(server, model)
  return batches.map(({ batch_size: rows, compute_infer: { count } }) => [rows, count])
}
