import assert from 'node:assert/strict'
import type { VersionStatistics } from '../../../../frontend/core/data-plane.ts'
import { modelNotFound } from '../../../../frontend/core/errors.ts'
import { ExtensionsFixture } from '../../../support/extensions-fixture.ts'
import { DIGITS } from '../../../support/fake-planes.ts'

const TOTALS = {
  computeInput: { count: 2, ns: 10 },
  computeInfer: { count: 2, ns: 20.4 },
  computeOutput: { count: 2, ns: 30 },
}
const STATISTICS: VersionStatistics = {
  model: DIGITS,
  lastInferenceAtMs: 1_700_000_000_000.5,
  inferenceCount: 6,
  executionCount: 2,
  success: { count: 3, ns: 100 },
  fail: { count: 1, ns: 7 },
  queue: { count: 3, ns: 5 },
  ...TOTALS,
  batchStats: [{ batchRows: 3, ...TOTALS }],
  failures: { REJECTED: 0, CANCELED: 0, BACKEND: 1, OTHER: 0 },
  pendingRequests: 4,
  loadMs: 12,
}
const COMPUTE = {
  compute_input: { count: 2, ns: 10 },
  compute_infer: { count: 2, ns: 20 },
  compute_output: { count: 2, ns: 30 },
}
const NOTHING = { count: 0, ns: 0 }

describe('the routes of statistics', () => {
  let fixture: ExtensionsFixture

  beforeEach(async () => {
    fixture = await ExtensionsFixture.open()
    fixture.dataPlane.currentStatistics = [STATISTICS]
  })
  afterEach(() => fixture.close())

  for (const path of [
    '/v2/models/stats',
    '/v2/models/digits/stats',
    '/v2/models/digits/versions/1.0/stats',
  ]) {
    it(`answers every field at ${path}`, async () => {
      const { status, body } = await fixture.ask('GET', path)
      assert.equal(status, 200)
      assert.deepEqual(body, {
        model_stats: [
          {
            name: 'digits',
            version: '1.0',
            last_inference: 1_700_000_000_001,
            inference_count: 6,
            execution_count: 2,
            inference_stats: {
              success: { count: 3, ns: 100 },
              fail: { count: 1, ns: 7 },
              queue: { count: 3, ns: 5 },
              ...COMPUTE,
              cache_hit: NOTHING,
              cache_miss: NOTHING,
            },
            response_stats: {},
            batch_stats: [{ batch_size: 3, ...COMPUTE }],
            memory_usage: [],
            queue_depth: 4,
          },
        ],
      })
    })
  }

  it('knows no statistics of an unknown model', async () => {
    fixture.dataPlane.statistics = () => {
      throw modelNotFound('none', [])
    }
    const { status } = await fixture.ask('GET', '/v2/models/none/stats')
    assert.equal(status, 404)
  })
})
