import assert from 'node:assert/strict'
import { EventBus } from '../../../frontend/core/events.ts'
import { prometheusText } from '../../../frontend/observability/exposition/text-format.ts'
import { Metrics } from '../../../frontend/observability/metrics.ts'
import { processMetrics } from '../../../frontend/observability/process-metrics.ts'
import type { VersionReading } from '../../../frontend/observability/version-gauges.ts'
import { parseExposition } from '../../support/exposition.ts'

const MODEL = { name: 'digits', version: '1.0' }
const TIMING = { preprocessMs: 1, inferenceMs: 3, postprocessMs: 0.2, rows: 5, runs: 1 }
const READING: VersionReading = {
  model: MODEL,
  queuedRequests: 7,
  runningBatches: 2,
  serviceTime: { fixedMs: 4, perRowMs: 0.5 },
  workers: [
    { state: 'ready', pid: 1, memoryBytes: 100 },
    { state: 'ready', pid: 1, memoryBytes: 100 },
    { state: 'loading', pid: 2, memoryBytes: 50 },
    { state: 'failed', memoryBytes: 0 },
  ],
  provider: { device: { provider: 'webgpu', deviceId: 2 }, reason: 'no "CUDA"\nlibrary' },
}

function open(versions: readonly VersionReading[] = []) {
  const events = new EventBus()
  const metrics = new Metrics(events)
  const load = () => events.emit('stateChanged', { model: MODEL, from: 'new', to: 'loading' })
  /** Sample lines whose name starts with `onnxserve_<prefix>`. */
  const samples = (prefix: string) =>
    prometheusText(metrics.collect(versions))
      .split('\n')
      .filter((line) => line.startsWith(`onnxserve_${prefix}`) && !line.endsWith(' 0'))
  const text = () => prometheusText(metrics.collect(versions))
  return { events, metrics, load, samples, text }
}

describe('metrics', () => {
  it('count requests by outcome and measure them', () => {
    const { events, load, samples } = open()
    load()
    events.emit('requestFinished', { model: MODEL, requestId: 'a', totalMs: 3, queueMs: 1, byDefault: false })
    events.emit('requestFinished', {
      model: MODEL,
      requestId: 'b',
      totalMs: 4,
      queueMs: 1,
      byDefault: false,
      code: 'internal',
    })
    assert.deepEqual(samples('requests_total'), [
      'onnxserve_requests_total{model="digits",version="1.0",outcome="ok"} 1',
      'onnxserve_requests_total{model="digits",version="1.0",outcome="internal"} 1',
    ])
    const [first, ...rest] = samples('request_seconds')
    assert.equal(first, 'onnxserve_request_seconds_bucket{model="digits",version="1.0",le="0.005"} 2')
    assert.deepEqual(rest.slice(-2), [
      'onnxserve_request_seconds_sum{model="digits",version="1.0"} 0.007',
      'onnxserve_request_seconds_count{model="digits",version="1.0"} 2',
    ])
    assert.ok(
      samples('queue_seconds_sum').includes(
        'onnxserve_queue_seconds_sum{model="digits",version="1.0"} 0.002',
      ),
    )
  })

  it('count every request once, however many there are between two scrapes', () => {
    const { events, load, samples } = open()
    load()
    for (let i = 0; i < 1300; i++) {
      events.emit('requestFinished', {
        model: MODEL,
        requestId: 'a',
        totalMs: 3,
        queueMs: 1,
        byDefault: false,
      })
    }
    const counts = () => [
      samples('requests_total'),
      samples('request_seconds_count'),
      samples('queue_seconds_count'),
    ]
    const labels = '{model="digits",version="1.0"}'
    const expected = [
      ['onnxserve_requests_total{model="digits",version="1.0",outcome="ok"} 1300'],
      [`onnxserve_request_seconds_count${labels} 1300`],
      [`onnxserve_queue_seconds_count${labels} 1300`],
    ]
    assert.deepEqual(counts(), expected)
    assert.deepEqual(counts(), expected)
  })

  it('count requests that were refused by reason', () => {
    const { events, samples } = open()
    events.emit('requestRejected', {
      model: MODEL,
      requestId: 'a',
      code: 'resource_exhausted',
      reason: 'queue_full',
    })
    assert.deepEqual(samples('requests_rejected_total'), [
      'onnxserve_requests_rejected_total{model="digits",version="1.0",reason="queue_full"} 1',
    ])
  })

  it('show batch sizes, rows and stages', () => {
    const { events, load, samples } = open()
    load()
    events.emit('batchFinished', { model: MODEL, requests: 3, workerMs: 5, timing: TIMING, closedBy: 'full' })
    assert.deepEqual(
      samples('batch_requests_')[0],
      'onnxserve_batch_requests_bucket{model="digits",version="1.0",le="4"} 1',
    )
    assert.deepEqual(samples('batch_rows_sum'), ['onnxserve_batch_rows_sum{model="digits",version="1.0"} 5'])
    assert.deepEqual(samples('batch_stage_seconds_sum'), [
      'onnxserve_batch_stage_seconds_sum{model="digits",version="1.0",stage="preprocess"} 0.001',
      'onnxserve_batch_stage_seconds_sum{model="digits",version="1.0",stage="inference"} 0.003',
      'onnxserve_batch_stage_seconds_sum{model="digits",version="1.0",stage="postprocess"} 0.0002',
    ])
  })

  it('count batches by why they closed', () => {
    const { events, load, samples } = open()
    load()
    for (const closedBy of ['full', 'shape', 'full'] as const) {
      events.emit('batchFinished', { model: MODEL, requests: 3, workerMs: 5, timing: TIMING, closedBy })
    }
    assert.deepEqual(samples('batches_closed_total'), [
      'onnxserve_batches_closed_total{model="digits",version="1.0",reason="full"} 2',
      'onnxserve_batches_closed_total{model="digits",version="1.0",reason="shape"} 1',
    ])
  })

  it('count restarts by cause', () => {
    const { events, load, samples } = open()
    load()
    events.emit('workerProcessRestarted', { model: MODEL, cause: 'timeout', detail: '', backoffMs: 0 })
    assert.deepEqual(samples('worker_restarts_total'), [
      'onnxserve_worker_restarts_total{model="digits",version="1.0",cause="timeout"} 1',
    ])
  })

  it('read queue, workers, memory and provider when they are scraped', () => {
    const { samples } = open([READING])
    assert.deepEqual(samples('queued_requests'), [
      'onnxserve_queued_requests{model="digits",version="1.0"} 7',
    ])
    assert.deepEqual(samples('workers'), [
      'onnxserve_workers{model="digits",version="1.0",state="ready"} 2',
      'onnxserve_workers{model="digits",version="1.0",state="loading"} 1',
      'onnxserve_workers{model="digits",version="1.0",state="failed"} 1',
    ])
    assert.deepEqual(samples('batch_fixed_seconds'), [
      'onnxserve_batch_fixed_seconds{model="digits",version="1.0"} 0.004',
    ])
    assert.deepEqual(samples('batch_row_seconds'), [
      'onnxserve_batch_row_seconds{model="digits",version="1.0"} 0.0005',
    ])
    assert.deepEqual(samples('worker_memory_bytes'), [
      'onnxserve_worker_memory_bytes{model="digits",version="1.0"} 150',
    ])
    assert.deepEqual(samples('execution_provider_info'), [
      'onnxserve_execution_provider_info{model="digits",version="1.0",provider="webgpu",device_id="2",reason="no \\"CUDA\\"\\nlibrary"} 1',
    ])
  })

  it('forget what a gauge showed when it is not so any more', () => {
    const versions = [READING]
    const { samples } = open(versions)
    samples('')
    versions.length = 0
    assert.deepEqual(samples(''), [])
  })

  it('show zeros for a version that has had no request', () => {
    const { load, text } = open()
    load()
    assert.match(text(), /^onnxserve_requests_total\{model="digits",version="1\.0",outcome="ok"\} 0$/m)
  })

  it('drop every series of a version that was unregistered, and late events bring none back', () => {
    const { events, load, text } = open()
    load()
    const everything = () => {
      events.emit('requestFinished', {
        model: MODEL,
        requestId: 'a',
        totalMs: 3,
        queueMs: 1,
        byDefault: false,
      })
      events.emit('batchFinished', {
        model: MODEL,
        requests: 3,
        workerMs: 5,
        timing: TIMING,
        closedBy: 'full',
      })
      events.emit('workerProcessRestarted', { model: MODEL, cause: 'crash', detail: '', backoffMs: 0 })
      events.emit('stateChanged', { model: MODEL, from: 'unloading', to: 'unloaded' })
    }
    everything()
    events.emit('requestRejected', { model: MODEL, requestId: 'a', code: 'unavailable', reason: 'draining' })
    events.emit('versionRemoved', { model: MODEL })
    everything()
    assert.doesNotMatch(text(), /digits/)
  })

  it('count responses by class of status', () => {
    const { metrics, samples } = open()
    for (const status of [200, 202, 404, 503]) {
      metrics.countResponse({ status, requestBytes: 0, responseBytes: 200 })
    }
    const expected = ['2xx"} 2', '4xx"} 1', '5xx"} 1'].map(
      (end) => `onnxserve_http_responses_total{status_class="${end}`,
    )
    assert.deepEqual(samples('http_responses_total'), expected)
    assert.deepEqual(samples('http_responses_total'), expected)
  })

  it('measure the bodies of responses', () => {
    const { metrics, samples } = open()
    for (let i = 0; i < 1100; i++)
      metrics.countResponse({ status: 200, requestBytes: 50, responseBytes: 300 })
    assert.deepEqual(samples('http_response_bytes_sum'), ['onnxserve_http_response_bytes_sum 330000'])
    assert.deepEqual(
      samples('http_request_bytes_bucket')[0],
      'onnxserve_http_request_bytes_bucket{le="64"} 1100',
    )
  })

  it('include memory and event-loop lag of the process', async () => {
    const body = prometheusText(await processMetrics()())
    const families = parseExposition(body)
    assert.equal(families.get('process_resident_memory_bytes')?.samples.length, 1)
    assert.equal(families.get('nodejs_eventloop_lag_p99_seconds')?.type, 'gauge')
  })
})
