import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { batchExplainer, batchInWords } from '../../../../frontend/protocols/kernel/debug-header.ts'
import type { RequestTiming } from '../../../../frontend/core/data-plane.ts'

const TIMING: RequestTiming = {
  queueMs: 0.5249,
  workerMs: 4.1,
  predictedMs: 4,
  batch: { preprocessMs: 1, inferenceMs: 2, postprocessMs: 1, rows: 12, runs: 1 },
  batchRequests: 3,
  closedBy: 'full',
}
const WORDS = 'closed_by=full, requests=3, rows=12, queue_ms=0.52, worker_ms=4.10, predicted_ms=4.00'

describe('x-onnxserve-debug', () => {
  let answer: (req: IncomingMessage, res: ServerResponse) => void
  const server = createServer((req, res) => {
    answer(req, res)
    res.end()
  })
  before((done) => void server.listen(0, '127.0.0.1', done))
  after((done) => void server.close(done))

  async function ask(headers: Record<string, string>): Promise<string | null> {
    const { port } = server.address() as AddressInfo // it listens on a port
    const response = await fetch(`http://127.0.0.1:${port}/`, { headers })
    await response.text()
    return response.headers.get('x-onnxserve-batch')
  }

  it('is answered with what became of the batch', async () => {
    answer = (req, res) => batchExplainer({ req, res })?.(TIMING)
    assert.equal(await ask({ 'x-onnxserve-debug': 'batch' }), WORDS)
    assert.equal(batchInWords(TIMING), WORDS)
  })

  it('costs nothing when it is absent', async () => {
    answer = (req, res) => {
      assert.equal(batchExplainer({ req, res }), undefined)
    }
    assert.equal(await ask({}), null)
  })

  it('leaves an answer alone whose head is out', async () => {
    answer = (req, res) => {
      const explain = batchExplainer({ req, res })
      res.flushHeaders()
      explain?.(TIMING)
    }
    assert.equal(await ask({ 'x-onnxserve-debug': 'batch' }), null)
  })

  it('refuses another value', async () => {
    const errors: unknown[] = []
    answer = (req, res) => {
      try {
        batchExplainer({ req, res })
      } catch (error) {
        errors.push(error instanceof Error ? error.message : error)
      }
    }
    await ask({ 'x-onnxserve-debug': 'all' })
    assert.deepEqual(errors, ["the header 'x-onnxserve-debug' is 'all'; expected 'batch'"])
  })
})
