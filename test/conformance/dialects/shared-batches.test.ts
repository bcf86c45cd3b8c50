import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Tensor } from '../../../worker/contract/tensor.ts'
import { packTestArchive } from '../../support/archives.ts'
import { http, postJson, until } from '../../support/http-client.ts'
import { mlp } from '../../support/models.ts'
import { removeDirectory, ServerProcess, temporaryDirectory } from '../../support/server-process.ts'
import { sessionRun } from './reference.ts'
import { tensorOf } from './values.ts'
import { WIRES } from './wires.ts'

const GRAPH = mlp([4, 16, 3], 7)

/** Serves the graph as it is; the request `blocker` keeps its worker until a file appears. */
const HANDLER = `
import { existsSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { defineHandler } from 'onnxserve/handler'

const rows = (name: string, columns: number) => ({ name, dtype: 'FP32', shape: ['rows', columns] }) as const

export default defineHandler({
  signature: { inputs: [rows('x', 4)], outputs: [rows('y', 3)] },
  async preprocess(request, { config }) {
    const gate = String(config['gate'])
    if (request.id === 'blocker') writeFileSync(gate + '.reached', '')
    while (request.id === 'blocker' && !existsSync(gate)) await sleep(10)
    if (request.tensors !== undefined) return request.tensors
    const body = request.json() as number[][] | { x: number[][] }
    const x = Array.isArray(body) ? body : body.x
    return [{ name: 'x', dtype: 'FP32', shape: [x.length, 4], data: Float32Array.from(x.flat()) }]
  },
  postprocess({ y }, request) {
    if (y === undefined || y.dtype !== 'FP32') throw new Error('y is missing')
    return request.tensors === undefined ? { y: [Array.from(y.data)] } : [y]
  },
})
`

describe('requests of all dialects at once', function () {
  this.timeout(60_000)
  let modelStore: string
  let gate: string
  let server: ServerProcess

  before(async () => {
    modelStore = await temporaryDirectory()
    gate = join(modelStore, 'gate')
    await packTestArchive(modelStore, {
      modelName: 'mlp',
      version: '1',
      model: GRAPH,
      handler: HANDLER,
      config: `maxBatchRows: 100\nminWorkers: 1\nmaxWorkers: 1\nhandler:\n  gate: ${gate}\n`,
    })
    server = await ServerProcess.start({ modelStore, args: ['--load-models', 'all'] })
  })

  after(async () => {
    await server.stop()
    await removeDirectory(modelStore)
  })

  it('are one batch, and each gets its own rows', async () => {
    const target = { http: server.inference, grpc: server.grpcInference }
    const blocked = postJson(
      `${server.inference}/predictions/mlp`,
      { x: [[0, 0, 0, 0]] },
      { headers: { 'x-request-id': 'blocker' } },
    )
    const description = `${server.management}/models/mlp`
    await until(description, () => existsSync(`${gate}.reached`))
    const inputs = WIRES.map((_, index) =>
      tensorOf('x', 'FP32', { shape: [1, 4], values: [index, 0.5, -1, 2] }),
    )
    const outputs = [{ name: 'y', dtype: 'FP32' }] as const
    const asked = WIRES.map((wire, index) =>
      wire.infer(target, { model: 'mlp', inputs: inputs.slice(index, index + 1), outputs }),
    )
    await until(description, ({ text }) => queued(text) === WIRES.length)
    await writeFile(gate, '')
    const outcomes = await Promise.all(asked)
    await blocked
    const { text } = await http(`${server.metrics}/metrics`)
    const expected = await Promise.all(inputs.map((input) => sessionRun(GRAPH, [input])))
    assert.deepEqual(
      outcomes.map((outcome) => (outcome.ok ? outcome.outputs.map(rounded) : outcome)),
      expected.map((tensors) => tensors.map(rounded)),
    )
    assert.equal(sample(text, 'batch_requests_count'), 2)
    assert.equal(sample(text, 'batch_requests_sum'), 1 + WIRES.length)
  })
})

function queued(description: string): number {
  return Number(/"pendingRequests": (\d+)/.exec(description)?.[1])
}

/** Batches of different sizes round differently. */
function rounded({ data }: Tensor): string[] {
  return Array.from(data as Float32Array, (each) => each.toPrecision(5)) // the graph's output
}

function sample(metrics: string, name: string): number {
  return Number(new RegExp(`^onnxserve_${name}\\{[^}]*\\} (\\S+)$`, 'm').exec(metrics)?.[1])
}
