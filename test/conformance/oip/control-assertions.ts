import assert from 'node:assert/strict'
import type { Assertion } from './assertion.ts'
import type { OipServer } from './oip-server.ts'
import { late, ROW } from './requests.ts'

const REPOSITORY = '/v2/repository/models'

/** Loading and unloading, on a server that controls its models explicitly. */
export const CONTROL_ASSERTIONS: readonly Assertion[] = [
  {
    number: 73,
    it: 'a broken model is not loaded',
    path: `${REPOSITORY}/broken/load`,
    json: {},
    status: 400,
    error: /could not be opened/,
  },
  {
    number: 77,
    it: 'an override of the configuration is kept until the model is unloaded',
    run: async (server) => {
      await change(server, 'overridden', 'load')
      const own = await maxBatchSize(server)
      await change(server, 'overridden', 'load', { config: '{"max_batch_size": 3}' })
      assert.equal(await maxBatchSize(server), 3)
      await change(server, 'overridden', 'load')
      assert.equal(await maxBatchSize(server), 3)
      await change(server, 'overridden', 'unload')
      await change(server, 'overridden', 'load')
      assert.equal(await maxBatchSize(server), own)
    },
  },
  {
    number: 78,
    it: 'a reload that fails leaves the old version serving',
    run: async (server) => {
      await change(server, 'reloaded', 'load')
      const file = Buffer.from('no graph').toString('base64')
      const parameters = { config: '{}', 'file:1/model.onnx': file }
      const body = JSON.stringify({ parameters })
      const { status } = await server.ask(`${REPOSITORY}/reloaded/load`, { body })
      assert.equal(status, 400)
      assert.equal(await statusOf(server, 'reloaded', late(1)), 200)
    },
  },
  {
    number: 79,
    it: 'unloading lets requests in flight finish, and takes no more',
    run: async (server) => {
      await change(server, 'leaving', 'load')
      const running = statusOf(server, 'leaving', late(500))
      await server.readSoFar()
      await change(server, 'leaving', 'unload')
      assert.ok([404, 503].includes(await statusOf(server, 'leaving', late(1))))
      assert.equal(await running, 200)
    },
  },
]

async function change(
  server: OipServer,
  model: string,
  verb: 'load' | 'unload',
  parameters: object = {},
): Promise<void> {
  const body = JSON.stringify({ parameters })
  const { status, text } = await server.ask(`${REPOSITORY}/${model}/${verb}`, { body })
  assert.equal(status, 200, text)
}

async function statusOf(server: OipServer, model: string, request: object = ROW): Promise<number> {
  return (await server.ask(`/v2/models/${model}/infer`, { body: JSON.stringify(request) })).status
}

async function maxBatchSize(server: OipServer): Promise<number> {
  const { text } = await server.ask('/v2/models/overridden/config')
  return (JSON.parse(text) as { max_batch_size: number }).max_batch_size
}
