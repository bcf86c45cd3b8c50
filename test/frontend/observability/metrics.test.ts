import assert from 'node:assert/strict'
import { EventBus } from '../../../frontend/core/events.ts'
import { Metrics } from '../../../frontend/observability/metrics.ts'
import type { VersionReading } from '../../../frontend/observability/version-gauges.ts'

const MODEL = { name: 'digits', version: '1.0' }
const TIMING = { preprocessMs: 1, inferenceMs: 3, postprocessMs: 0.2, rows: 5, runs: 1 }
const READING: VersionReading = {
  model: MODEL,
  queuedRequests: 7,
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
  const metrics = new Metrics({ events, readVersions: () => versions, processMetrics: false })
  const load = () => events.emit('stateChanged', { model: MODEL, from: 'new', to: 'loading' })
  /** Sample lines whose name starts with `onnxserve_<prefix>`. */
  const samples = async (prefix: string) => {
    const { body } = await metrics.render()
    return body.split('\n').filter((line) => line.startsWith(`onnxserve_${prefix}`) && !line.endsWith(' 0'))
  }
  return { events, metrics, load, samples }
}

describe('metrics', () => {
  it('count requests by outcome and measure them', async () => {
    const { events, load, samples } = open()
    load()
    events.emit('requestFinished', { model: MODEL, requestId: 'a', totalMs: 3, queueMs: 1 })
    events.emit('requestFinished', { model: MODEL, requestId: 'b', totalMs: 4, queueMs: 1, code: 'internal' })
    assert.deepEqual(await samples('requests_total'), [
      'onnxserve_requests_total{model="digits",version="1.0",outcome="ok"} 1',
      'onnxserve_requests_total{model="digits",version="1.0",outcome="internal"} 1',
    ])
    const [first, ...rest] = await samples('request_seconds')
    assert.equal(first, 'onnxserve_request_seconds_bucket{le="0.005",model="digits",version="1.0"} 2')
    assert.deepEqual(rest.slice(-2), [
      'onnxserve_request_seconds_sum{model="digits",version="1.0"} 0.007',
      'onnxserve_request_seconds_count{model="digits",version="1.0"} 2',
    ])
    assert.ok(
      (await samples('queue_seconds_sum')).includes(
        'onnxserve_queue_seconds_sum{model="digits",version="1.0"} 0.002',
      ),
    )
  })

  it('count every request once, however many there are between two scrapes', async () => {
    const { events, load, samples } = open()
    load()
    for (let i = 0; i < 1300; i++) {
      events.emit('requestFinished', { model: MODEL, requestId: 'a', totalMs: 3, queueMs: 1 })
    }
    const counts = async () => [
      await samples('requests_total'),
      await samples('request_seconds_count'),
      await samples('queue_seconds_count'),
    ]
    const labels = '{model="digits",version="1.0"}'
    const expected = [
      ['onnxserve_requests_total{model="digits",version="1.0",outcome="ok"} 1300'],
      [`onnxserve_request_seconds_count${labels} 1300`],
      [`onnxserve_queue_seconds_count${labels} 1300`],
    ]
    assert.deepEqual(await counts(), expected)
    assert.deepEqual(await counts(), expected)
  })

  it('count requests that were refused by reason', async () => {
    const { events, samples } = open()
    events.emit('requestRejected', {
      model: MODEL,
      requestId: 'a',
      code: 'resource_exhausted',
      reason: 'queue_full',
    })
    assert.deepEqual(await samples('requests_rejected_total'), [
      'onnxserve_requests_rejected_total{model="digits",version="1.0",reason="queue_full"} 1',
    ])
  })

  it('show batch sizes, rows and stages', async () => {
    const { events, load, samples } = open()
    load()
    events.emit('batchFinished', { model: MODEL, requests: 3, workerMs: 5, timing: TIMING })
    assert.deepEqual(
      (await samples('batch_requests_'))[0],
      'onnxserve_batch_requests_bucket{le="4",model="digits",version="1.0"} 1',
    )
    assert.deepEqual(await samples('batch_rows_sum'), [
      'onnxserve_batch_rows_sum{model="digits",version="1.0"} 5',
    ])
    assert.deepEqual(await samples('batch_stage_seconds_sum'), [
      'onnxserve_batch_stage_seconds_sum{model="digits",version="1.0",stage="preprocess"} 0.001',
      'onnxserve_batch_stage_seconds_sum{model="digits",version="1.0",stage="inference"} 0.003',
      'onnxserve_batch_stage_seconds_sum{model="digits",version="1.0",stage="postprocess"} 0.0002',
    ])
  })

  it('count restarts by cause', async () => {
    const { events, load, samples } = open()
    load()
    events.emit('workerProcessRestarted', { model: MODEL, cause: 'timeout', detail: '', backoffMs: 0 })
    assert.deepEqual(await samples('worker_restarts_total'), [
      'onnxserve_worker_restarts_total{model="digits",version="1.0",cause="timeout"} 1',
    ])
  })

  it('read queue, workers, memory and provider when they are scraped', async () => {
    const { samples } = open([READING])
    assert.deepEqual(await samples('queued_requests'), [
      'onnxserve_queued_requests{model="digits",version="1.0"} 7',
    ])
    assert.deepEqual(await samples('workers'), [
      'onnxserve_workers{model="digits",version="1.0",state="ready"} 2',
      'onnxserve_workers{model="digits",version="1.0",state="loading"} 1',
      'onnxserve_workers{model="digits",version="1.0",state="failed"} 1',
    ])
    assert.deepEqual(await samples('worker_memory_bytes'), [
      'onnxserve_worker_memory_bytes{model="digits",version="1.0"} 150',
    ])
    assert.deepEqual(await samples('execution_provider_info'), [
      'onnxserve_execution_provider_info{model="digits",version="1.0",provider="webgpu",device_id="2",reason="no \\"CUDA\\"\\nlibrary"} 1',
    ])
  })

  it('read the versions once for each scrape', async () => {
    let reads = 0
    const readVersions = () => {
      reads++
      return [READING]
    }
    await new Metrics({ events: new EventBus(), readVersions, processMetrics: false }).render()
    assert.equal(reads, 1)
  })

  it('forget what a gauge showed when it is not so any more', async () => {
    const versions = [READING]
    const { samples } = open(versions)
    await samples('')
    versions.length = 0
    assert.deepEqual(await samples(''), [])
  })

  it('show zeros for a version that has had no request', async () => {
    const { load, metrics } = open()
    load()
    const { body } = await metrics.render()
    assert.match(body, /^onnxserve_requests_total\{model="digits",version="1\.0",outcome="ok"\} 0$/m)
  })

  it('drop every series of a version that was unregistered, and late events bring none back', async () => {
    const { events, load, metrics } = open()
    load()
    const everything = () => {
      events.emit('requestFinished', { model: MODEL, requestId: 'a', totalMs: 3, queueMs: 1 })
      events.emit('batchFinished', { model: MODEL, requests: 3, workerMs: 5, timing: TIMING })
      events.emit('workerProcessRestarted', { model: MODEL, cause: 'crash', detail: '', backoffMs: 0 })
      events.emit('stateChanged', { model: MODEL, from: 'unloading', to: 'unloaded' })
    }
    everything()
    events.emit('requestRejected', { model: MODEL, requestId: 'a', code: 'unavailable', reason: 'draining' })
    events.emit('versionRemoved', { model: MODEL })
    everything()
    assert.doesNotMatch((await metrics.render()).body, /digits/)
  })

  it('count responses by class of status', async () => {
    const { metrics, samples } = open()
    for (const status of [200, 202, 404, 503]) metrics.countResponse(status)
    const expected = ['2xx"} 2', '4xx"} 1', '5xx"} 1'].map(
      (end) => `onnxserve_http_responses_total{status_class="${end}`,
    )
    assert.deepEqual(await samples('http_responses_total'), expected)
    assert.deepEqual(await samples('http_responses_total'), expected)
  })

  it('include memory and event-loop lag of the process', async () => {
    const metrics = new Metrics({ events: new EventBus(), readVersions: () => [] })
    const { body, contentType } = await metrics.render()
    assert.match(body, /^process_resident_memory_bytes \d+$/m)
    assert.match(body, /^nodejs_eventloop_lag_p99_seconds /m)
    assert.match(contentType, /^text\/plain; version=0\.0\.4/)
  })
})
