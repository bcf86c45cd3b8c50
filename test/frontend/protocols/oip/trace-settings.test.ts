import assert from 'node:assert/strict'
import type { RequestFinished } from '../../../../frontend/core/events.ts'
import { modelNotFound } from '../../../../frontend/core/errors.ts'
import type { TraceRecord } from '../../../../frontend/protocols/oip/trace-record.ts'
import { TraceSettings } from '../../../../frontend/protocols/oip/trace-settings.ts'

const AT_START = {
  trace_file: '/var/log/trace.json',
  trace_level: ['OFF'],
  trace_rate: '1000',
  trace_count: '-1',
  log_frequency: '0',
  trace_mode: 'triton',
}
const FINISHED: RequestFinished = {
  model: { name: 'digits', version: '1.0' },
  requestId: 'r1',
  totalMs: 10,
  queueMs: 2,
  byDefault: true,
  batch: { preprocessMs: 1, inferenceMs: 5, postprocessMs: 0.5, rows: 1, runs: 1 },
}
const EVERY = { trace_level: ['TIMESTAMPS'], trace_rate: '1' }

describe('TraceSettings', () => {
  let listener: ((request: RequestFinished) => void) | undefined
  let traces: { readonly record: TraceRecord; readonly part: number | undefined }[]
  let settings: TraceSettings

  beforeEach(() => {
    listener = undefined
    traces = []
    settings = new TraceSettings({
      watch: (given) => {
        listener = given
        return () => {
          listener = undefined
        }
      },
      write: (record, part) => traces.push({ record, part }),
      nowMs: () => 100,
      file: '/var/log/trace.json',
      checkModel: (name) => {
        assert.ok(name === 'digits' || name === 'iris', modelNotFound(name, []))
      },
    })
  })

  function finish(times = 1, name = 'digits'): void {
    for (let i = 0; i < times; i++) listener?.({ ...FINISHED, model: { name, version: '1.0' } })
  }

  it('traces nothing, and watches nothing, from the start', () => {
    assert.deepEqual(settings.read(), AT_START)
    assert.equal(listener, undefined)
  })

  it('tells where the time of a request went', () => {
    settings.change(EVERY)
    finish()
    assert.deepEqual(traces, [
      {
        part: undefined,
        record: {
          id: 1,
          model_name: 'digits',
          model_version: '1.0',
          request_id: 'r1',
          timestamps: [
            { name: 'REQUEST_START', ns: 90_000_000 },
            { name: 'QUEUE_START', ns: 90_000_000 },
            { name: 'COMPUTE_START', ns: 92_000_000 },
            { name: 'COMPUTE_INPUT_END', ns: 93_000_000 },
            { name: 'COMPUTE_OUTPUT_START', ns: 98_000_000 },
            { name: 'COMPUTE_END', ns: 98_500_000 },
            { name: 'REQUEST_END', ns: 100_000_000 },
          ],
        },
      },
    ])
  })

  it('tells the error of a request that never ran', () => {
    settings.change(EVERY)
    const { batch: _, ...neverRun } = FINISHED
    listener?.({ ...neverRun, code: 'deadline_exceeded' })
    assert.equal(traces[0]?.record.error, 'deadline_exceeded')
    assert.deepEqual(
      traces[0]?.record.timestamps.map(({ name }) => name),
      ['REQUEST_START', 'QUEUE_START', 'REQUEST_END'],
    )
  })

  it('traces one request in so many', () => {
    settings.change({ trace_level: 'TIMESTAMPS', trace_rate: 3 })
    finish(7)
    assert.equal(traces.length, 2)
  })

  it('ends, and watches no more, when the count is used up', () => {
    settings.change({ ...EVERY, trace_count: '2' })
    finish(3)
    assert.equal(traces.length, 2)
    assert.equal(settings.read().trace_count, '0')
    assert.equal(listener, undefined)
    settings.change({ trace_count: '1' })
    finish(3)
    assert.equal(traces.length, 3)
  })

  it('begins another file after so many traces', () => {
    settings.change({ ...EVERY, log_frequency: '2' })
    finish(5)
    assert.deepEqual(
      traces.map(({ part }) => part),
      [0, 0, 1, 1, 2],
    )
  })

  it('traces one model alone, and follows the settings of all again', () => {
    settings.change(EVERY, 'digits')
    assert.deepEqual(settings.read('digits'), { ...AT_START, trace_level: ['TIMESTAMPS'], trace_rate: '1' })
    assert.deepEqual(settings.read('iris'), AT_START)
    finish(1, 'iris')
    finish(1, 'digits')
    assert.deepEqual(
      traces.map(({ record }) => record.model_name),
      ['digits'],
    )
    assert.deepEqual(settings.change({ trace_level: null, trace_rate: null }, 'digits'), AT_START)
    assert.equal(listener, undefined)
  })

  it('leaves one model out', () => {
    settings.change(EVERY)
    settings.change({ trace_level: 'OFF' }, 'digits')
    finish(2, 'digits')
    finish(1, 'iris')
    assert.equal(traces.length, 1)
  })

  it('uses up a count of all models by all that follow it', () => {
    settings.change({ ...EVERY, trace_count: '2' })
    settings.change({ trace_rate: '1' }, 'digits')
    finish(1, 'digits')
    finish(1, 'iris')
    finish(1, 'digits')
    assert.equal(traces.length, 2)
  })

  it('is off again with null for all models', () => {
    settings.change(EVERY)
    assert.deepEqual(settings.change({ trace_level: null, trace_rate: null }), AT_START)
  })

  it('watches nothing when it is closed', () => {
    settings.change(EVERY)
    settings.close()
    assert.equal(listener, undefined)
  })

  const REFUSED = [
    { given: { trace_level: ['ALL'] }, code: 'invalid_argument', message: /^\/trace_level is \["ALL"\]/ },
    { given: { trace_level: [] }, code: 'invalid_argument', message: /^\/trace_level is \[\]/ },
    { given: { trace_level: 1 }, code: 'invalid_argument', message: /^\/trace_level is 1/ },
    { given: { trace_level: ['TENSORS'] }, code: 'unimplemented', message: /TENSORS is not served/ },
    { given: { trace_rate: '0' }, code: 'invalid_argument', message: /^\/trace_rate is "0", expected/ },
    { given: { trace_rate: 'a' }, code: 'invalid_argument', message: /^\/trace_rate is "a"/ },
    { given: { trace_rate: {} }, code: 'invalid_argument', message: /^\/trace_rate is an object/ },
    { given: { trace_count: '-2' }, code: 'invalid_argument', message: /^\/trace_count is "-2"/ },
    { given: { trace_count: '9999999999' }, code: 'invalid_argument', message: /^\/trace_count/ },
    { given: { log_frequency: 1.5 }, code: 'invalid_argument', message: /^\/log_frequency is 1.5/ },
    {
      given: { trace_file: '/tmp/x' },
      code: 'permission_denied',
      message: /^\/trace_file cannot be changed/,
    },
    { given: { trace_mode: 'opentelemetry' }, code: 'permission_denied', message: /^\/trace_mode cannot/ },
    { given: { trace_rates: '1' }, code: 'invalid_argument', message: /did you mean 'trace_rate'/ },
    { given: null, code: 'invalid_argument', message: /no object/ },
  ]
  for (const { given, code, message } of REFUSED) {
    it(`refuses ${JSON.stringify(given)} and changes nothing`, () => {
      assert.throws(() => settings.change(given === null ? null : { log_frequency: '7', ...given }), {
        code,
        message,
      })
      assert.deepEqual(settings.read(), AT_START)
    })
  }

  it('knows no settings of a model that is not registered', () => {
    assert.throws(() => settings.read('none'), { code: 'not_found' })
    assert.throws(() => settings.change(EVERY, 'none'), { code: 'not_found' })
  })
})
