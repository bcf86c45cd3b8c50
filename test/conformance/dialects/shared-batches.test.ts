import assert from 'node:assert/strict'
import type { Tensor } from '../../../worker/contract/tensor.ts'
import { packTestArchive } from '../../support/archives.ts'
import { http } from '../../support/http-client.ts'
import { mlp } from '../../support/models.ts'
import { removeDirectory, ServerProcess, temporaryDirectory } from '../../support/server-process.ts'
import { sessionRun } from './reference.ts'
import { tensorOf } from './values.ts'
import { WIRES } from './wires.ts'

const GRAPH = mlp([4, 16, 3], 7)
/** Each wire once: one batch holds them all, and closes because it is full. */
const CONFIG = `maxBatchRows: ${WIRES.length}\nmaxBatchDelayMs: 20000\nminWorkers: 1\nmaxWorkers: 1\n`

describe('requests of all dialects at once', function () {
  this.timeout(60_000)
  let modelStore: string
  let server: ServerProcess

  before(async () => {
    modelStore = await temporaryDirectory()
    await packTestArchive(modelStore, { modelName: 'mlp', version: '1', model: GRAPH, config: CONFIG })
    server = await ServerProcess.start({
      modelStore,
      args: ['--load-models', 'all', '--inference-timeout-ms', '50000'],
    })
  })

  after(async () => {
    await server.stop()
    await removeDirectory(modelStore)
  })

  it('are one batch, and each gets its own rows', async () => {
    const target = { http: server.inference, grpc: server.grpcInference }
    const inputs = WIRES.map((_, index) =>
      tensorOf('x', 'FP32', { shape: [1, 4], values: [index, 0.5, -1, 2] }),
    )
    const outputs = [{ name: 'y', dtype: 'FP32' }] as const
    const outcomes = await Promise.all(
      WIRES.map((wire, index) => {
        const input = inputs[index]
        return wire.infer(target, { model: 'mlp', inputs: input === undefined ? [] : [input], outputs })
      }),
    )
    const { text } = await http(`${server.metrics}/metrics`)
    const expected = await Promise.all(inputs.map((input) => sessionRun(GRAPH, [input])))
    assert.deepEqual(
      outcomes.map((outcome) => (outcome.ok ? outcome.outputs.map(rounded) : outcome.failure)),
      expected.map((tensors) => tensors.map(rounded)),
    )
    assert.equal(sample(text, 'batch_requests_sum'), WIRES.length)
    assert.equal(sample(text, 'batch_requests_count'), 1)
  })
})

/** Batches of different sizes round differently. */
function rounded({ data }: Tensor): string[] {
  return Array.from(data as Float32Array, (each) => each.toPrecision(5)) // the graph's output
}

function sample(metrics: string, name: string): number {
  return Number(new RegExp(`^onnxserve_${name}\\{[^}]*\\} (\\S+)$`, 'm').exec(metrics)?.[1])
}
