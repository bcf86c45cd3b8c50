import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseMetricDefinitions } from '../../../../frontend/observability/torchserve/metric-definitions.ts'
import { parseExposition, samplesOf } from '../../../support/exposition.ts'
import { MetricsFixture, MODEL } from '../../../support/metrics-fixture.ts'

const FILE = `
dimensions:
  - &level "Level"
  - &host "Hostname"
  - &name "ModelName"
ts_metrics:
  counter:
    - name: Requests2XX
      unit: Count
      dimensions: [*level, "node"]
  gauge:
    - {name: QueueTime, unit: Milliseconds, dimensions: [*level, *host]}
model_metrics:
  gauge:
    - {name: HandlerTime, unit: ms, dimensions: [*name, *level]}
  histogram:
    - {name: Length, unit: Count, dimensions: [*name, "Kind"]}
`

/** Nine times nine times nine …: a gigabyte of texts if it were resolved. */
const BOMB = [
  'dimensions:',
  '  - &a0 [x]',
  ...Array.from({ length: 9 }, (_, i) => `  - &a${i + 1} [${Array(9).fill(`*a${i}`).join(', ')}]`),
].join('\n')

const metric = (text: string) => `ts_metrics: {counter: [${text}]}`

const REFUSED: readonly [string, string, RegExp][] = [
  ['a key that is misspelt', 'ts_metric: {}', /unknown key 'ts_metric'; did you mean 'ts_metrics'\?/],
  ['a key named __proto__', '__proto__: {ts_metrics: 1}', /unknown key '__proto__'/],
  ['a tag', 'dimensions: !!js/function x', /not valid YAML/],
  ['an alias bomb', BOMB, /more YAML aliases than allowed/],
  ['a key given twice', 'dimensions: []\ndimensions: []', /not valid YAML/],
  ['a file that is no mapping', '- a', /the file must have the keys dimensions, ts_metrics, model_metrics/],
  [
    'an unknown metric of the server',
    metric('{name: Requests2X, unit: Count, dimensions: []}'),
    /did you mean 'Requests2XX'/,
  ],
  [
    'another kind',
    metric('{name: QueueTime, unit: ms, dimensions: [a, b]}'),
    /'QueueTime' as a counter; it is a gauge/,
  ],
  [
    'another number of dimensions',
    metric('{name: Requests2XX, unit: Count, dimensions: [a]}'),
    /1 dimensions; expected Level, Hostname/,
  ],
  [
    'a metric without unit',
    metric('{name: Requests2XX, dimensions: []}'),
    /ts_metrics\.counter\[0\]\.unit must be a text/,
  ],
  [
    'a metric defined twice',
    'model_metrics: {counter: [{name: a, unit: b}], gauge: [{name: a, unit: b}]}',
    /defines 'a' twice/,
  ],
  ['a file that is too long', `# ${'x'.repeat(256 * 1024)}`, /bytes long, allowed are 262144/],
]

describe('metric definitions', () => {
  for (const [what, text, message] of REFUSED) {
    it(`with ${what} are refused`, () => {
      assert.throws(() => parseMetricDefinitions(text, 'metrics.yaml'), { code: 'invalid_argument', message })
    })
  }

  describe('in force', () => {
    let directory = ''
    let fixture = new MetricsFixture()
    beforeEach(() => {
      directory = mkdtempSync(join(tmpdir(), 'onnxserve-metrics-'))
      const metricsConfig = join(directory, 'metrics.yaml')
      writeFileSync(metricsConfig, FILE)
      fixture = new MetricsFixture({ metricsConfig, modelMetricsAutoDetect: false })
      fixture.traffic()
    })
    afterEach(async () => {
      await fixture.close()
      rmSync(directory, { recursive: true })
    })

    it('choose among the names of TorchServe, and name their labels', async () => {
      const text = await fixture.text()
      const names = [...parseExposition(text).keys()].filter((name) => /^(ts_|[A-Z])/.test(name))
      assert.deepEqual(names, ['Requests2XX', 'QueueTime', 'HandlerTime'])
      assert.deepEqual(samplesOf(text, 'Requests2XX'), [[{ Level: 'Host', node: hostname() }, 2]])
    })

    it('admit the metrics of handlers that they name, with those labels', async () => {
      const common = { kind: 'histogram', value: 3, unit: 'Count' } as const
      const dimensions = { ModelName: 'digits', Other: 'x' }
      const samples = ['Length', 'Width'].map((name) => ({ ...common, name, dimensions }))
      fixture.events.emit('handlerMetrics', { model: MODEL, samples })
      const text = await fixture.text()
      const labels = { model: 'digits', version: '1.0', Kind: '', ModelName: 'digits', Hostname: hostname() }
      assert.deepEqual(samplesOf(text, 'Length_count'), [[labels, 1]])
      assert.equal(parseExposition(text).get('Width'), undefined)
    })
  })

  it('that cannot be read are refused with their path', () => {
    const metricsConfig = join(tmpdir(), 'no', 'such', 'metrics.yaml')
    assert.throws(
      () => new MetricsFixture({ metricsConfig }),
      /metrics_config names .*metrics\.yaml, which cannot/,
    )
  })
})
