import assert from 'node:assert/strict'
import { hostname } from 'node:os'
import type { MetricSample } from '../../../worker/contract/messages.ts'
import { parseExposition, samplesOf } from '../../support/exposition.ts'
import { MetricsFixture, MODEL } from '../../support/metrics-fixture.ts'

const OWN = { model: 'digits', version: '1.0', Hostname: hostname() }
const DROPPED = 'onnxserve_custom_metrics_dropped_total'

function sample(changes: Partial<MetricSample> = {}): MetricSample {
  return { name: 'Tokens', kind: 'counter', value: 2, unit: 'Count', dimensions: {}, ...changes }
}

const many = (count: number, change: (i: number) => Partial<MetricSample>) =>
  Array.from({ length: count }, (_, i) => sample(change(i)))

/** The limits of the fixture are 10 metrics, and 3 series of each. */
const DROPS: readonly [string, readonly MetricSample[], string, number][] = [
  ['labels without bound', many(5, (i) => ({ dimensions: { id: `${i}` } })), 'too_many_series', 2],
  ['names without bound', many(14, (i) => ({ name: `m${i}` })), 'too_many_metrics', 4],
  ['a kind that changes', [sample(), sample({ kind: 'gauge' })], 'kind_conflict', 1],
  ["a name of the server's", [sample({ name: 'onnxserve_requests_total' })], 'name_taken', 1],
  ["a name of TorchServe's", [sample({ name: 'HandlerTime', kind: 'gauge' })], 'name_taken', 1],
  [
    "a name among another's samples",
    [sample({ name: 'a', kind: 'histogram' }), sample({ name: 'a_count' })],
    'name_taken',
    1,
  ],
  ['a name with nothing in it', [sample({ name: '%%' })], 'bad_name', 1],
  ['a name that is too long', [sample({ name: 'x'.repeat(201) })], 'bad_name', 1],
  ['labels that become one', [sample({ dimensions: { 'a-b': '1', a_b: '2' } })], 'bad_labels', 1],
  ['a counter that falls', [sample({ value: -1 })], 'bad_value', 1],
  ['what is not a number', [sample({ value: NaN })], 'bad_value', 1],
]

describe('metrics of handlers', () => {
  let fixture = new MetricsFixture()
  beforeEach(() => {
    fixture = new MetricsFixture()
  })
  afterEach(() => fixture.close())

  const emit = (...samples: readonly MetricSample[]) =>
    fixture.events.emit('handlerMetrics', { model: MODEL, samples })

  it('appear with their first sample, labelled with model and version', async () => {
    emit(
      sample(),
      sample(),
      sample({ name: 'Load', kind: 'gauge', value: 7 }),
      sample({ name: 'Load', kind: 'gauge' }),
    )
    const text = await fixture.text()
    assert.deepEqual(samplesOf(text, 'Tokens'), [[OWN, 4]])
    assert.deepEqual(samplesOf(text, 'Load'), [[OWN, 2]])
    assert.equal(parseExposition(text).get('Tokens')?.type, 'counter')
  })

  it('may be histograms', async () => {
    emit(sample({ name: 'Length', kind: 'histogram', value: 30 }))
    assert.deepEqual(samplesOf(await fixture.text(), 'Length_sum'), [[OWN, 30]])
  })

  it('have names and labels that Prometheus accepts, and never labels in place of the server’s', async () => {
    const dimensions = { ModelName: 'digits', 'a b': 'x', '1st': 'y', __name__: 'z', version: 'forged' }
    emit(sample({ name: '9 lives!', dimensions }))
    assert.deepEqual(samplesOf(await fixture.text(), '_9_lives_'), [
      [{ ...OWN, ModelName: 'digits', a_b: 'x', _1st: 'y', _name__: 'z' }, 2],
    ])
  })

  for (const [what, samples, reason, count] of DROPS) {
    it(`drop ${what}, count it and say so once`, async () => {
      emit(...samples)
      const { model, version } = OWN
      assert.deepEqual(samplesOf(await fixture.text(), DROPPED), [[{ model, version, reason }, count]])
      assert.equal(fixture.logged.filter((line) => line.includes(`"reason":"${reason}"`)).length, 1)
    })
  }

  it('go with their version, and late samples bring none back', async () => {
    emit(sample(), sample({ value: NaN }))
    fixture.events.emit('versionRemoved', { model: MODEL })
    emit(sample())
    assert.doesNotMatch(await fixture.text('Tokens', DROPPED), /digits/)
  })

  it('are dropped without a definition where they are not detected', async () => {
    await fixture.close()
    fixture = new MetricsFixture({ modelMetricsAutoDetect: false })
    emit(sample())
    assert.match(await fixture.text(), /reason="undefined_metric"\} 1/)
  })
})
