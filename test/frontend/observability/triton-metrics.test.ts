import assert from 'node:assert/strict'
import { tritonMetrics } from '../../../frontend/observability/triton-metrics.ts'

const VERSION = {
  model: { name: 'digits', version: '1.0' },
  inferenceCount: 6,
  executionCount: 2,
  success: { count: 3, ns: 9_000_000 },
  fail: { count: 1, ns: 1000 },
  queue: { count: 3, ns: 3_000_400 },
  computeInput: { count: 3, ns: 1000 },
  computeInfer: { count: 3, ns: 2000 },
  computeOutput: { count: 3, ns: 3000 },
  failures: { REJECTED: 2, OTHER: 1 },
  pendingRequests: 4,
  loadMs: 1500,
}

describe('tritonMetrics', () => {
  const VALUES = [
    { name: 'nv_inference_request_success', value: 3 },
    { name: 'nv_inference_count', value: 6 },
    { name: 'nv_inference_exec_count', value: 2 },
    { name: 'nv_inference_request_duration_us', value: 9000 },
    { name: 'nv_inference_queue_duration_us', value: 3000 },
    { name: 'nv_inference_compute_input_duration_us', value: 1 },
    { name: 'nv_inference_compute_infer_duration_us', value: 2 },
    { name: 'nv_inference_compute_output_duration_us', value: 3 },
    { name: 'nv_inference_pending_request_count', value: 4 },
    { name: 'nv_model_load_duration_secs', value: 1.5 },
  ]
  for (const { name, value } of VALUES) {
    it(`says ${value} as ${name}`, () => {
      const family = tritonMetrics([VERSION]).find((each) => each.name === name)
      const labels = [
        ['model', 'digits'],
        ['version', '1.0'],
      ]
      assert.deepEqual(family?.points, [{ labels, value }])
    })
  }

  it('tells failures by their reason', () => {
    const family = tritonMetrics([VERSION]).find(({ name }) => name === 'nv_inference_request_failure')
    assert.deepEqual(
      family?.points.map(({ labels, ...point }) => [
        labels.at(-1),
        'value' in point ? point.value : undefined,
      ]),
      [
        [['reason', 'REJECTED'], 2],
        [['reason', 'OTHER'], 1],
      ],
    )
  })
})
