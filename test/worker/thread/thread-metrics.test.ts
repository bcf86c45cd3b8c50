import assert from 'node:assert/strict'
import type { MetricSample } from '../../../worker/contract/messages.ts'
import type { HandlerMetrics } from '../../../worker/handler.ts'
import { ThreadMetrics } from '../../../worker/thread/thread-metrics.ts'

type Case = {
  readonly it: string
  readonly observe: (metrics: HandlerMetrics) => void
  /** `kind name value unit dimension=value …` */
  readonly sample: string
}

const IMPLICIT = 'ModelName=m Level=Model'

describe('ThreadMetrics', () => {
  function observed(observe: (metrics: HandlerMetrics) => void): string[] {
    const samples: MetricSample[] = []
    observe(new ThreadMetrics({ add: (sample) => samples.push(sample) }, 'm'))
    return samples.map(({ kind, name, value, unit, dimensions }) => {
      const pairs = Object.entries(dimensions).map(([dimension, text]) => `${dimension}=${text}`)
      return [kind, name, value, unit, ...pairs].join(' ')
    })
  }

  const CASES: readonly Case[] = [
    { it: 'counts by one', observe: (m) => m.counter('n').add(), sample: 'counter n 1 Count' },
    {
      it: 'counts with its own dimensions and those of the observation',
      observe: (m) => m.counter('n', { unit: 'Tokens', dimensions: { a: '1' } }).add(3, { b: '2' }),
      sample: 'counter n 3 Tokens a=1 b=2',
    },
    { it: 'sets a gauge', observe: (m) => m.gauge('n').set(-2.5), sample: 'gauge n -2.5 Count' },
    {
      it: 'observes a distribution',
      observe: (m) => m.histogram('n', { unit: 'Milliseconds' }).observe(7),
      sample: 'histogram n 7 Milliseconds',
    },
    { it: 'addCounter', observe: (m) => m.addCounter('n', 2), sample: `counter n 2 Count ${IMPLICIT}` },
    { it: 'addTime', observe: (m) => m.addTime('n', 2), sample: `gauge n 2 Milliseconds ${IMPLICIT}` },
    {
      it: 'addTime in seconds, as a histogram',
      observe: (m) => m.addTime('n', 2, { unit: 's', type: 'histogram', idx: 0 }),
      sample: `histogram n 2 Seconds ${IMPLICIT}`,
    },
    { it: 'addSize', observe: (m) => m.addSize('n', 2), sample: `gauge n 2 Megabytes ${IMPLICIT}` },
    {
      it: 'addSize in kilobytes',
      observe: (m) => m.addSize('n', 2, { unit: 'kB' }),
      sample: `gauge n 2 Kilobytes ${IMPLICIT}`,
    },
    { it: 'addPercent', observe: (m) => m.addPercent('n', 50), sample: `gauge n 50 Percent ${IMPLICIT}` },
    {
      it: 'addError',
      observe: (m) => m.addError('n', 1, { dimensions: { kind: 'x' } }),
      sample: 'counter n 1 Count ModelName=m Level=Error kind=x',
    },
    {
      it: 'addMetric',
      observe: (m) => m.addMetric('n', 1, { unit: 'Things', dimensions: { Level: 'Own' } }),
      sample: 'counter n 1 Things ModelName=m Level=Own',
    },
    {
      it: 'addMetricToCache and getMetric',
      observe: (m) => {
        m.addMetricToCache('n', { unit: 'count', dimensionNames: ['a', 'b'], type: 'gauge' })
        m.getMetric('n', 'gauge').addOrUpdate(4, ['1', '2'])
      },
      sample: 'gauge n 4 count a=1 b=2',
    },
  ]
  for (const each of CASES) it(each.it, () => assert.deepEqual(observed(each.observe), [each.sample]))

  const REFUSED = [
    {
      it: 'a metric that was not added',
      observe: (m: HandlerMetrics) => m.getMetric('n'),
      message: "no counter 'n' was added; call addMetricToCache first, or pass its type",
    },
    {
      it: 'as many values as there are dimensions',
      observe: (m: HandlerMetrics) =>
        m.addMetricToCache('n', { unit: 'u', dimensionNames: ['a', 'b'] }).addOrUpdate(1, ['x']),
      message: "metric 'n' got 1 dimension values, expected one for each of [a, b]",
    },
  ]
  for (const { it: name, observe, message } of REFUSED) {
    it(`demands ${name}`, () => assert.throws(() => observed(observe), { message }))
  }
})
