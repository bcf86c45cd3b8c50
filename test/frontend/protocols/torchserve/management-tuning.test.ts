import assert from 'node:assert/strict'
import { DIGITS } from '../../../support/fake-planes.ts'
import { TorchServeFixture } from '../../../support/torchserve-fixture.ts'

describe('management, settings of a version that serves', () => {
  let server: TorchServeFixture
  beforeEach(async () => {
    server = await TorchServeFixture.open()
  })
  afterEach(() => server.close())

  const CALLS = [
    { query: 'target_wait=250', settings: { targetWaitMs: 250 } },
    {
      query: 'batch_size=8&max_batch_delay=5&job_queue_size=50&response_timeout=2',
      settings: { maxBatchRows: 8, maxBatchDelayMs: 5, maxQueuedRequests: 50, inferenceTimeoutMs: 2000 },
    },
    { query: 'target_wait=0&synchronous=true', synchronous: true, settings: { targetWaitMs: 0 } },
    {
      query: 'batch_size=8&min_worker=2',
      settings: { maxBatchRows: 8 },
      workers: { minWorkers: 2, maxWorkers: 2 },
    },
  ]
  for (const { query, settings, synchronous = false, workers = {} } of CALLS) {
    it(`are changed by ${query}`, async () => {
      await server.manage('PUT', `/models/digits?${query}`)
      assert.deepEqual(server.controlPlane.calls, [
        ['scale', { model: { name: 'digits' }, ...workers, settings, synchronous }],
      ])
    })
  }

  const ANSWERS = [
    ['ready', 200, 'Settings changed for model: digits, version: 1.0'],
    [
      'loading',
      202,
      'Settings changed for model: digits, version: 1.0; 2 workers are being started with them',
    ],
  ] as const
  for (const [state, status, text] of ANSWERS) {
    it(`answers ${status} to a change that ends ${state}`, async () => {
      server.controlPlane.outcome = { model: DIGITS, state, workers: 2 }
      const reply = await server.manage('PUT', '/models/digits?batch_size=8')
      assert.deepEqual([reply.status, JSON.parse(reply.text)], [status, { status: text }])
    })
  }

  it('are refused out of their range, and nothing is changed', async () => {
    const { status, text } = await server.manage('PUT', '/models/digits?batch_size=0')
    assert.equal(status, 400)
    assert.match(text, /'batch_size' is '0'; expected an integer from 1 to 65536/)
    assert.deepEqual(server.controlPlane.calls, [])
  })
})
