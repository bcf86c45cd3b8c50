import assert from 'node:assert/strict'
import { hostname } from 'node:os'
import { packTestArchive } from '../support/archives.ts'
import { parseExposition } from '../support/exposition.ts'
import { postJson } from '../support/http-client.ts'
import { mlp } from '../support/models.ts'
import { decodeFamilies } from '../support/prometheus-proto.ts'
import { removeDirectory, ServerProcess, temporaryDirectory } from '../support/server-process.ts'

const HOST = ['Hostname', 'Level']
const REQUEST = ['hostname', 'model_name', 'model_version']
const MODEL = ['Hostname', 'Level', 'ModelName']

/** TorchServe's names with type and labels; those of GPUs are there where sysfs tells of one. */
const EXPECTED: Readonly<Record<string, readonly [type: string, labels: readonly string[]]>> = {
  Requests2XX: ['counter', HOST],
  Requests4XX: ['counter', HOST],
  Requests5XX: ['counter', HOST],
  ts_inference_requests_total: ['counter', REQUEST],
  ts_inference_latency_microseconds: ['counter', REQUEST],
  ts_queue_latency_microseconds: ['counter', REQUEST],
  QueueTime: ['gauge', HOST],
  WorkerThreadTime: ['gauge', HOST],
  WorkerLoadTime: ['gauge', ['Hostname', 'Level', 'WorkerName']],
  CPUUtilization: ['gauge', HOST],
  MemoryUtilization: ['gauge', HOST],
  MemoryUsed: ['gauge', HOST],
  MemoryAvailable: ['gauge', HOST],
  DiskUtilization: ['gauge', HOST],
  DiskUsage: ['gauge', HOST],
  DiskAvailable: ['gauge', HOST],
  HandlerTime: ['gauge', MODEL],
  PredictionTime: ['gauge', MODEL],
}

describe('the metrics of a running server', function () {
  this.timeout(60_000)
  let modelStore = ''
  let server: ServerProcess

  before(async () => {
    modelStore = await temporaryDirectory()
    await packTestArchive(modelStore, { modelName: 'tiny', model: mlp([4, 16, 3], 1) })
    server = await ServerProcess.start({ modelStore, args: ['--load-models', 'all'] })
    for (const path of ['tiny', 'tiny', 'tiny/1.0', 'unknown']) {
      await postJson(`${server.inference}/predictions/${path}`, { x: [[1, 0.5, 0, 1]] })
    }
  })

  after(async () => {
    await server.stop()
    await removeDirectory(modelStore)
  })

  it('have every name of TorchServe with its type and labels', async () => {
    const families = parseExposition(await (await fetch(`${server.metrics}/metrics`)).text())
    const found = Object.fromEntries(
      Object.keys(EXPECTED).map((name) => {
        const family = families.get(name)
        return [name, [family?.type, Object.keys(family?.samples[0]?.labels ?? {}).sort()]]
      }),
    )
    assert.deepEqual(found, EXPECTED)
  })

  it('count requests by the version that they named', async () => {
    const query = new URLSearchParams([['name[]', 'ts_inference_requests_total']])
    const text = await (await fetch(`${server.metrics}/metrics?${query.toString()}`)).text()
    const families = parseExposition(text)
    assert.deepEqual([...families.keys()], ['ts_inference_requests_total'])
    const ofVersion = (version: string) => ({
      model_name: 'tiny',
      model_version: version,
      hostname: hostname(),
    })
    assert.deepEqual(
      families.get('ts_inference_requests_total')?.samples.map(({ labels, value }) => [labels, value]),
      [
        [ofVersion('1.0'), 1],
        [ofVersion('default'), 2],
      ],
    )
  })

  it('have native histograms for a scraper that asks for protobuf', async () => {
    const accept =
      'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited'
    const response = await fetch(`${server.metrics}/metrics`, { headers: { accept } })
    assert.match(response.headers.get('content-type') ?? '', /^application\/vnd\.google\.protobuf/)
    const families = decodeFamilies(new Uint8Array(await response.arrayBuffer()))
    const seconds = families.find(({ name }) => name === 'onnxserve_request_seconds')
    assert.match(JSON.stringify(seconds), /"sample_count":3,.*"schema":3,.*"positive_delta":\[/)
  })
})

describe('enable_metrics_api=false', function () {
  this.timeout(60_000)

  it('opens no metrics listener', async () => {
    const modelStore = await temporaryDirectory()
    const args = ['--enable-metrics-api', 'false']
    const server = await ServerProcess.start({ modelStore, args })
    await server.stop()
    await removeDirectory(modelStore)
    assert.equal(server.metrics, '')
    assert.doesNotMatch(server.output, /\(metrics\)/)
  })
})
