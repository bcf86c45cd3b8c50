import assert from 'node:assert/strict'
import { metricsEndpoint } from '../../../frontend/observability/endpoint.ts'
import type { MetricFamily } from '../../../frontend/observability/exposition/family.ts'
import { Histogram } from '../../../frontend/observability/instruments/histogram.ts'
import { parseExposition } from '../../support/exposition.ts'
import { decodeFamilies } from '../../support/prometheus-proto.ts'

const UP: MetricFamily = { name: 'up', help: 'Up.', kind: 'gauge', points: [{ labels: [], value: 1 }] }
const DOWN: MetricFamily = { ...UP, name: 'down' }
const SECONDS: MetricFamily = {
  name: 'seconds',
  help: 'Times.',
  kind: 'histogram',
  points: [{ labels: [], histogram: new Histogram([1]).read() }],
}

const render = metricsEndpoint({ sources: [() => [UP, DOWN], () => Promise.resolve([SECONDS])] })

const TEXT = 'text/plain; version=0.0.4; charset=utf-8'
const OPEN_METRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8'
const PROTOBUF =
  'application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited'

/** As Prometheus 2 and 3 ask, without and with native histograms. */
const PROMETHEUS_ACCEPT =
  'application/openmetrics-text;version=1.0.0;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=0.0.4;q=0.4,*/*;q=0.1'
const NATIVE_ACCEPT = `application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.7,${PROMETHEUS_ACCEPT}`

const ACCEPTS: readonly [string | undefined, string][] = [
  [undefined, TEXT],
  ['', TEXT],
  ['*/*', TEXT],
  ['text/plain', TEXT],
  ['text/html', TEXT],
  ['application/openmetrics-text', OPEN_METRICS],
  ['application/openmetrics-text; version=0.0.1', TEXT],
  [PROMETHEUS_ACCEPT, OPEN_METRICS],
  [NATIVE_ACCEPT, PROTOBUF],
  ['text/plain;q=0.9, application/openmetrics-text;q=0.2', TEXT],
  ['application/openmetrics-text;q=0, text/plain;q=0.1', TEXT],
  ['application/vnd.google.protobuf;proto=other.Message', TEXT],
  ['application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text', TEXT],
]

const NAMES: readonly [readonly string[], readonly string[]][] = [
  [[], ['up', 'down', 'seconds']],
  [['up'], ['up']],
  [
    ['down', 'up'],
    ['up', 'down'],
  ],
  [['seconds'], ['seconds']],
  [['seconds_count'], ['seconds']],
  [['other'], []],
]

describe('the metrics endpoint', () => {
  for (const [accept, contentType] of ACCEPTS) {
    it(`answers '${accept ?? 'no Accept'}' with ${contentType.split(';')[0]}`, async () => {
      assert.equal((await render({ names: [], accept })).contentType, contentType)
    })
  }

  for (const [names, expected] of NAMES) {
    it(`shows ${expected.join(', ') || 'nothing'} when asked for ${names.join(', ') || 'no name'}`, async () => {
      const { body } = await render({ names, accept: undefined })
      assert.deepEqual([...parseExposition(String(body)).keys()], expected)
    })
  }

  it('marks a histogram without observations as a native one too', async () => {
    const { body } = await render({ names: ['seconds'], accept: NATIVE_ACCEPT })
    const [family] = decodeFamilies(Buffer.from(body))
    assert.match(JSON.stringify(family), /"schema":3,"zero_threshold":2\.9/)
  })

  it("answers in text whatever was asked for with TorchServe's quirks", async () => {
    const quirks = { trailingComma: true, decimals: true, genericHelp: true }
    const withQuirks = metricsEndpoint({ sources: [() => [UP]], quirks })
    const { contentType, body } = await withQuirks({ names: [], accept: NATIVE_ACCEPT })
    assert.deepEqual([contentType, body], [TEXT, '# HELP up Up.\n# TYPE up gauge\nup 1.0\n'])
  })
})
