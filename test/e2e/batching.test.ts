import assert from 'node:assert/strict'
import { Agent } from 'node:http'
import { packTestArchive } from '../support/archives.ts'
import { http, postJson } from '../support/http-client.ts'
import { mlp } from '../support/models.ts'
import { removeDirectory, ServerProcess, temporaryDirectory } from '../support/server-process.ts'

const REQUESTS = 400

describe('many requests at once', function () {
  this.timeout(60_000)

  it('share batches, each with its own answer, and the metrics say so', async () => {
    const modelStore = await temporaryDirectory()
    await packTestArchive(modelStore, { modelName: 'tiny', model: mlp([4, 16, 3], 1) })
    const args = [
      '--load-models',
      'all',
      '--default-max-batch-delay-ms',
      '5',
      '--max-queued-requests',
      '1000',
    ]
    const server = await ServerProcess.start({ modelStore, args })
    const agent = new Agent({ keepAlive: true, maxSockets: 64 })
    const url = `${server.inference}/predictions/tiny`
    const send = async (i: number) =>
      (await postJson(url, { x: [[i / REQUESTS, 0.5, 0, 1]] }, { agent })).text
    const together = await Promise.all(Array.from({ length: REQUESTS }, (_, i) => send(i)))
    const { text } = await http(`${server.metrics}/metrics`)
    const alone = [await send(0), await send(REQUESTS - 1)]
    agent.destroy()
    await server.stop()
    await removeDirectory(modelStore)

    assert.equal(sample(text, 'batch_requests_sum'), REQUESTS)
    assert.ok(sample(text, 'batch_requests_sum') / sample(text, 'batch_requests_count') > 1)
    assert.equal(new Set(together).size, REQUESTS)
    assert.deepEqual([numbers(together[0]), numbers(together.at(-1))], alone.map(numbers))
  })
})

function sample(metrics: string, name: string): number {
  return Number(new RegExp(`^onnxserve_${name}\\{[^}]*\\} (\\S+)$`, 'm').exec(metrics)?.[1])
}

/** To five digits: batches of different sizes round differently. */
function numbers(text: string | undefined): string[] {
  return (text?.match(/-?\d[\d.e+-]*/g) ?? []).map((number) => Number(number).toPrecision(5))
}
