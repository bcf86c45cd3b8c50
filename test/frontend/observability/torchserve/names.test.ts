import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseExposition } from '../../../support/exposition.ts'
import { MetricsFixture, MODEL } from '../../../support/metrics-fixture.ts'

const HOST = { Level: 'Host', Hostname: hostname() }
const ofRequest = (version: string) => ({
  model_name: 'digits',
  model_version: version,
  hostname: hostname(),
})
const OF_MODEL = { ModelName: 'digits', Level: 'Model', Hostname: hostname() }
const BOTH = [ofRequest('1.0'), ofRequest('default')]

type Expected = readonly [name: string, type: string, labels: readonly object[], values?: readonly number[]]

/** As TorchServe's reference has them. */
const TRAFFIC: readonly Expected[] = [
  ['Requests2XX', 'counter', [HOST], [2]],
  ['Requests4XX', 'counter', [HOST], [1]],
  ['Requests5XX', 'counter', [HOST], [0]],
  ['ts_inference_requests_total', 'counter', BOTH, [1, 1]],
  ['ts_inference_latency_microseconds', 'counter', BOTH, [8000, 8000]],
  ['ts_queue_latency_microseconds', 'counter', BOTH, [2000, 2000]],
  ['QueueTime', 'gauge', [HOST], [2]],
  ['WorkerThreadTime', 'gauge', [HOST], [1.5]],
  ['WorkerLoadTime', 'gauge', [{ WorkerName: 'W-11-2-digits_1.0', ...HOST }], [70]],
  ['HandlerTime', 'gauge', [OF_MODEL], [4.5]],
  ['PredictionTime', 'gauge', [OF_MODEL], [6]],
]
const SYSTEM: readonly Expected[] = [
  'CPUUtilization',
  'MemoryUtilization',
  'MemoryUsed',
  'MemoryAvailable',
  'DiskUtilization',
  'DiskUsage',
  'DiskAvailable',
].map((name) => [name, 'gauge', [HOST]])

describe("TorchServe's metric names", () => {
  let fixture = new MetricsFixture()
  afterEach(() => fixture.close())

  for (const [name, type, labels, values] of TRAFFIC) {
    it(`${name} is a ${type} with TorchServe's labels`, async () => {
      fixture = new MetricsFixture()
      fixture.traffic()
      const family = parseExposition(await fixture.text()).get(name)
      assert.equal(family?.type, type)
      assert.deepEqual(
        family?.samples.map((sample) => sample.labels),
        labels,
      )
      assert.deepEqual(
        family?.samples.map(({ value }) => value),
        values,
      )
    })
  }

  for (const [name, type, labels] of SYSTEM) {
    it(`${name} is measured of the machine`, async () => {
      fixture = new MetricsFixture({ disableSystemMetrics: false })
      await fixture.composed.start()
      const family = parseExposition(await fixture.text()).get(name)
      assert.equal(family?.type, type)
      assert.deepEqual(
        family?.samples.map((sample) => sample.labels),
        labels,
      )
      assert.ok(family.samples.every(({ value }) => value >= 0))
    })
  }

  it('leave with their version, and its worker', async () => {
    fixture = new MetricsFixture()
    fixture.traffic()
    fixture.events.emit('versionRemoved', { model: MODEL })
    const families = parseExposition(await fixture.text())
    for (const name of ['ts_inference_requests_total', 'WorkerLoadTime', 'HandlerTime']) {
      assert.equal(families.get(name), undefined)
    }
  })

  it('forget the load time of a worker process that is gone', async () => {
    fixture = new MetricsFixture()
    fixture.events.emit('workerReady', { model: MODEL, pid: 99, threadId: 2, loadMs: 70, warmUpMs: 3 })
    assert.equal(await fixture.text('WorkerLoadTime'), '')
  })
})

describe('metrics_mode', () => {
  let fixture = new MetricsFixture()
  let directory = ''
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'onnxserve-metrics-'))
  })
  afterEach(async () => {
    await fixture.close()
    rmSync(directory, { recursive: true })
  })

  /** Lines without what differs from run to run. */
  async function linesOf(file: string): Promise<string[]> {
    fixture.traffic()
    await fixture.close()
    const lines = readFileSync(join(directory, file), 'utf8').trimEnd().split('\n')
    return lines.map((line) => line.replace(hostname(), 'h').replace(/timestamp:\d+$/, 'timestamp:t'))
  }

  it('log leaves the endpoint empty and writes a line for every observation', async () => {
    fixture = new MetricsFixture({ metricsMode: 'log', metricsLocation: directory })
    const lines = await linesOf('ts_metrics.log')
    assert.equal(await fixture.text(), '')
    for (const expected of [
      'Requests2XX.Count:1.0|#Level:Host|#hostname:h,timestamp:t',
      'ts_inference_latency_microseconds.Microseconds:8000.0|#model_name:digits,model_version:default|#hostname:h,timestamp:t',
      'WorkerThreadTime.Milliseconds:1.5|#Level:Host|#hostname:h,timestamp:t',
      'WorkerLoadTime.Milliseconds:70.0|#WorkerName:W-11-2-digits_1.0,Level:Host|#hostname:h,timestamp:t',
    ]) {
      assert.ok(lines.includes(expected), `${expected} in\n${lines.join('\n')}`)
    }
  })

  it('log writes what comes from workers into a file of its own', async () => {
    fixture = new MetricsFixture({ metricsMode: 'log', metricsLocation: directory })
    const dimensions = { ModelName: 'digits', Level: 'Model|#x,\n' }
    const sample = { name: 'Tokens', kind: 'counter', value: 3, unit: 'Count', dimensions } as const
    fixture.events.emit('handlerMetrics', { model: MODEL, samples: [sample] })
    assert.deepEqual((await linesOf('model_metrics.log')).slice(0, 3), [
      'Tokens.Count:3.0|#ModelName:digits,Level:Model__x__|#type:COUNTER|#hostname:h,timestamp:t',
      'HandlerTime.Milliseconds:4.5|#ModelName:digits,Level:Model|#type:GAUGE|#hostname:h,timestamp:t',
      'PredictionTime.Milliseconds:6.0|#ModelName:digits,Level:Model|#type:GAUGE|#hostname:h,timestamp:t',
    ])
  })

  it('legacy shows the three ts_* counters and logs the rest', async () => {
    fixture = new MetricsFixture({ metricsMode: 'legacy', metricsLocation: directory })
    const lines = await linesOf('ts_metrics.log')
    assert.deepEqual(
      [...parseExposition(await fixture.text()).keys()],
      ['ts_inference_requests_total', 'ts_inference_latency_microseconds', 'ts_queue_latency_microseconds'],
    )
    assert.ok(lines.some((line) => line.startsWith('QueueTime.')))
    assert.ok(!lines.some((line) => line.startsWith('ts_')))
  })

  it('log without a directory writes the lines to the log', () => {
    fixture = new MetricsFixture({ metricsMode: 'log' })
    fixture.traffic()
    assert.ok(fixture.logged.some((line) => /"channel":"ts_metrics","msg":"QueueTime\.Milli/.test(line)))
  })
})
