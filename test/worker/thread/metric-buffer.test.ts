import assert from 'node:assert/strict'
import type { MetricSample } from '../../../worker/contract/messages.ts'
import { MetricBuffer } from '../../../worker/thread/metric-buffer.ts'
import { keptLog } from '../../support/kept-log.ts'

const sample = (changes: Partial<MetricSample> = {}): MetricSample => ({
  name: 'n',
  kind: 'counter',
  value: 1,
  unit: 'Count',
  dimensions: {},
  ...changes,
})

describe('MetricBuffer', () => {
  function buffer() {
    const log = keptLog()
    const sent: (readonly MetricSample[])[] = []
    return { log, sent, metrics: new MetricBuffer({ log, send: (samples) => sent.push(samples) }) }
  }

  it('sends what was observed, in order, and says whether it did', () => {
    const { metrics, sent } = buffer()
    assert.equal(metrics.takeSent(), false)
    metrics.add(sample({ name: 'a' }))
    metrics.add(sample({ name: 'b' }))
    assert.equal(metrics.takeSent(), true)
    assert.deepEqual(
      sent.map((samples) => samples.map(({ name }) => name)),
      [['a', 'b']],
    )
    assert.equal(metrics.takeSent(), false)
  })

  it('sends by itself what nobody asks for, and still says so', async () => {
    const { metrics, sent } = buffer()
    metrics.add(sample())
    await new Promise(setImmediate)
    assert.equal(sent.length, 1)
    assert.equal(metrics.takeSent(), true)
  })

  it('drops what cannot be sent, says so, and does not throw', () => {
    const log = keptLog()
    const send = () => {
      throw new Error('stuck')
    }
    const metrics = new MetricBuffer({ log, send })
    metrics.add(sample())
    assert.equal(metrics.takeSent(), false)
    assert.deepEqual(log.records, [
      {
        level: 'warn',
        message: "1 samples of the handler's metrics were dropped",
        fields: { error: 'stuck' },
      },
    ])
  })

  it('keeps a thousand samples at once, and logs how many it dropped', () => {
    const { metrics, sent, log } = buffer()
    for (let i = 0; i < 1005; i++) metrics.add(sample())
    metrics.takeSent()
    assert.equal(sent[0]?.length, 1000)
    assert.match(log.records[0]?.message ?? '', /^5 samples of the handler's metrics were dropped/)
  })

  it('sends dimensions as texts of bounded length', () => {
    const { metrics, sent } = buffer()
    const dimensions = { count: 5, long: 'x'.repeat(1000) } as unknown as Record<string, string> // of an untyped handler
    metrics.add(sample({ dimensions }))
    metrics.takeSent()
    assert.deepEqual(sent[0]?.[0]?.dimensions, { count: '5', long: 'x'.repeat(256) })
  })

  const REFUSED = [
    { it: 'without a name', changes: { name: '' }, problem: /its name must have 1 to 256 characters/ },
    {
      it: 'of an unknown type',
      changes: { kind: 'meter' as 'counter' },
      problem: /its type is "meter", expected one of counter, gauge, histogram/,
    },
    {
      it: 'whose unit is no text',
      changes: { unit: 5 as unknown as string },
      problem: /its unit must be a text of at most 256 characters/,
    },
    { it: 'whose value is no number', changes: { value: Number.NaN }, problem: /its value is NaN/ },
    {
      it: 'that counts down',
      changes: { value: -1 },
      problem: /a counter only grows, it cannot add -1; use a gauge/,
    },
    {
      it: 'of too many dimensions',
      changes: { dimensions: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`d${i}`, ''])) },
      problem: /it has 17 dimensions, allowed are 16/,
    },
  ]
  for (const { it: name, changes, problem } of REFUSED) {
    it(`drops a metric ${name}, and logs that once`, () => {
      const { metrics, sent, log } = buffer()
      for (let i = 0; i < 3; i++) metrics.add(sample(changes))
      metrics.takeSent()
      assert.deepEqual(sent, [])
      assert.equal(log.records.length, 1)
      assert.match(log.records[0]?.message ?? '', problem)
    })
  }
})
