import assert from 'node:assert/strict'
import type { MetricFamily } from '../../../../frontend/observability/exposition/family.ts'
import { protobufFamilies } from '../../../../frontend/observability/exposition/protobuf-format.ts'
import { openMetricsText, prometheusText } from '../../../../frontend/observability/exposition/text-format.ts'
import { parseExposition } from '../../../support/exposition.ts'
import { decodeFamilies } from '../../../support/prometheus-proto.ts'

const LABELS = [
  ['model', 'a "quoted"\\\nname'],
  ['version', '1.0'],
] as const

const COUNTER: MetricFamily = {
  name: 'requests_total',
  help: 'Requests\nby "model".',
  unit: 'Count',
  kind: 'counter',
  points: [{ labels: LABELS, value: 8 }],
}
const ODD_COUNTER: MetricFamily = { ...COUNTER, name: 'Requests2XX', points: [{ labels: [], value: 0.5 }] }
const GAUGE: MetricFamily = {
  name: 'temperature',
  help: 'Of the room.',
  kind: 'gauge',
  points: [
    { labels: [['room', 'a']], value: -3 },
    { labels: [['room', 'b']], value: Infinity },
  ],
}
const HISTOGRAM: MetricFamily = {
  name: 'seconds',
  help: 'Times.',
  kind: 'histogram',
  points: [
    {
      labels: [['stage', 'x']],
      histogram: {
        count: 9,
        sum: 4.5,
        buckets: [
          { upperBound: 1, cumulativeCount: 4 },
          { upperBound: Infinity, cumulativeCount: 9 },
        ],
        native: {
          schema: 3,
          zeroThreshold: 0.25,
          zeroCount: 2,
          positive: [
            [-3, 1],
            [-2, 3],
            [5, 2],
          ],
          negative: [[0, 1]],
        },
      },
    },
  ],
}
const ALL = [COUNTER, ODD_COUNTER, GAUGE, HISTOGRAM]

describe('Prometheus text', () => {
  it('is what its grammar says, with every value back', () => {
    const families = parseExposition(prometheusText(ALL))
    assert.deepEqual(families.get('requests_total'), {
      name: 'requests_total',
      type: 'counter',
      help: 'Requests\\nby "model".',
      samples: [{ name: 'requests_total', labels: Object.fromEntries(LABELS), value: 8 }],
    })
    assert.deepEqual(
      families.get('temperature')?.samples.map(({ value }) => value),
      [-3, Infinity],
    )
    assert.deepEqual(
      families.get('seconds')?.samples.map(({ name, labels, value }) => [name, labels['le'], value]),
      [
        ['seconds_bucket', '1', 4],
        ['seconds_bucket', '+Inf', 9],
        ['seconds_sum', undefined, 4.5],
        ['seconds_count', undefined, 9],
      ],
    )
  })

  it("has a comma after the last label, decimals and generic help with TorchServe's quirks", () => {
    const text = prometheusText(ALL, { trailingComma: true, decimals: true, genericHelp: true })
    assert.deepEqual(text.split('\n').slice(0, 5), [
      '# HELP requests_total counter with unit Count',
      '# TYPE requests_total counter',
      'requests_total{model="a \\"quoted\\"\\\\\\nname",version="1.0",} 8.0',
      '# HELP Requests2XX counter with unit Count',
      '# TYPE Requests2XX counter',
    ])
    assert.match(text, /^Requests2XX 0\.5$/m)
    assert.match(text, /^seconds_bucket\{stage="x",le="1\.0",\} 4\.0$/m)
    assert.throws(() => parseExposition(text), /is no sample/)
  })
})

describe('OpenMetrics text', () => {
  it('titles a counter without its suffix, and keeps the name of one that has none', () => {
    const lines = openMetricsText([COUNTER, ODD_COUNTER]).split('\n')
    assert.deepEqual(lines, [
      '# HELP requests Requests\\nby \\"model\\".',
      '# TYPE requests counter',
      'requests_total{model="a \\"quoted\\"\\\\\\nname",version="1.0"} 8',
      '# HELP Requests2XX Requests\\nby \\"model\\".',
      '# TYPE Requests2XX unknown',
      'Requests2XX 0.5',
      '# EOF',
      '',
    ])
  })

  it('writes bounds as floating-point numbers', () => {
    assert.match(openMetricsText([HISTOGRAM]), /^seconds_bucket\{stage="x",le="1\.0"\} 4$/m)
  })
})

describe('the protobuf exposition', () => {
  it('is read by another implementation as what was measured', () => {
    const [counter, , gauge, histogram] = decodeFamilies(protobufFamilies(ALL))
    assert.deepEqual(counter, {
      name: 'requests_total',
      help: 'Requests\nby "model".',
      type: 'COUNTER',
      metric: [{ label: LABELS.map(([name, value]) => ({ name, value })), counter: { value: 8 } }],
    })
    assert.deepEqual(gauge?.['metric'], [
      { label: [{ name: 'room', value: 'a' }], gauge: { value: -3 } },
      { label: [{ name: 'room', value: 'b' }], gauge: { value: Infinity } },
    ])
    assert.deepEqual(histogram, {
      name: 'seconds',
      help: 'Times.',
      type: 'HISTOGRAM',
      metric: [
        {
          label: [{ name: 'stage', value: 'x' }],
          histogram: {
            sample_count: 9,
            sample_sum: 4.5,
            bucket: [
              { cumulative_count: 4, upper_bound: 1 },
              { cumulative_count: 9, upper_bound: Infinity },
            ],
            schema: 3,
            zero_threshold: 0.25,
            zero_count: 2,
            positive_span: [
              { offset: -3, length: 2 },
              { offset: 6, length: 1 },
            ],
            positive_delta: [1, 2, -1],
            negative_span: [{ offset: 0, length: 1 }],
            negative_delta: [1],
          },
        },
      ],
    })
  })

  it('carries counts beyond 32 bits', () => {
    const buckets = [{ upperBound: Infinity, cumulativeCount: 2 ** 50 }]
    const family: MetricFamily = {
      ...HISTOGRAM,
      points: [{ labels: [], histogram: { count: 2 ** 50, sum: 1, buckets } }],
    }
    const [decoded] = decodeFamilies(protobufFamilies([family]))
    assert.deepEqual(decoded?.['metric'], [
      {
        histogram: {
          sample_count: 2 ** 50,
          sample_sum: 1,
          bucket: [{ cumulative_count: 2 ** 50, upper_bound: Infinity }],
        },
      },
    ])
  })
})
