import assert from 'node:assert/strict'
import { logEvents } from '../../../frontend/observability/event-log.ts'
import { createLogger } from '../../../frontend/observability/logger.ts'
import { EventBus } from '../../../frontend/core/events.ts'
import { ServingError } from '../../../worker/contract/errors.ts'
import { MemorySink } from '../../support/memory-sink.ts'

const ACCESS = {
  method: 'POST',
  path: '/predictions/digits',
  status: 200,
  durationMs: 1.23456,
  requestId: 'r1',
  model: 'digits/1.0',
  requestBytes: 3,
  responseBytes: 9,
}
const MODEL = { name: 'digits', version: '1.0' }
/** Clears the screen, in the two ways a terminal knows. */
const EVIL = 'a\u001b[2J\u009b2J\u007f\u202eb\nforged'
const TERMINAL_CONTROLS = /[\u0007\u0008\u007f-\u009f\u202e]|\u001b\[2J/

function jsonLogger(logLevel: 'debug' | 'info' | 'warn' = 'info') {
  const sink = new MemorySink()
  return { sink, logger: createLogger({ logLevel, logFormat: 'json' }, sink) }
}

describe('a log of JSON lines', () => {
  it('has one line for each access', () => {
    const { sink, logger } = jsonLogger()
    logger.access(ACCESS)
    const { durationMs: _, ...expected } = ACCESS
    assert.deepEqual(sink.records, [{ level: 'info', ...expected, ms: 1.23, msg: 'request' }])
  })

  it('warns of requests that failed on our side', () => {
    const { sink, logger } = jsonLogger('warn')
    logger.access(ACCESS)
    logger.access({ ...ACCESS, status: 503 })
    assert.deepEqual(
      sink.records.map(({ level, status }) => [level, status]),
      [['warn', 503]],
    )
  })

  it('keeps the stack of the cause of a failure', () => {
    const { sink, logger } = jsonLogger()
    logger.failure(
      new ServingError('internal', 'it failed', { cause: new TypeError('deep'), reason: 'x' }),
      'r1',
    )
    const [{ err, ...record }] = sink.records as [{ err: { type: string; stack: string } }] // one failure was logged
    assert.deepEqual(record, { level: 'error', requestId: 'r1', reason: 'x', msg: 'it failed' })
    assert.equal(err.type, 'internal')
    assert.match(err.stack, /^TypeError: deep\n\s+at /)
  })

  it('keeps the stack that came as text from a worker', () => {
    const { sink, logger } = jsonLogger()
    logger.failure(
      new ServingError('internal', 'it failed', { cause: 'Error: x\n    at handler.ts:3:1' }),
      'r1',
    )
    assert.match(sink.lines.join(''), /handler\.ts:3:1/)
  })

  it('writes controls as escapes that mean the same', () => {
    const { sink, logger } = jsonLogger()
    logger.log('info', EVIL)
    assert.doesNotMatch(sink.lines.join('').trimEnd(), /[\u0000-\u001f\u007f-\u009f\u202e]/)
    assert.equal(sink.records[0]?.['msg'], EVIL)
  })

  it('has one record for each line of a report', () => {
    const { sink, logger } = jsonLogger()
    logger.report(['one', 'two'])
    assert.deepEqual(sink.records, [
      { level: 'info', msg: 'one' },
      { level: 'info', msg: 'two' },
    ])
  })

  it('cuts long texts', () => {
    const { sink, logger } = jsonLogger()
    logger.log('info', 'x'.repeat(5000))
    logger.access({ ...ACCESS, path: 'x'.repeat(5000) })
    assert.deepEqual(
      sink.records.map(({ msg, path }) => String(path ?? msg).length),
      [1025, 1025],
    )
  })

  it('leaves out what is below its level', () => {
    const { sink, logger } = jsonLogger()
    logger.log('debug', 'detail')
    assert.deepEqual(sink.lines, [])
  })

  it('cannot be broken by what a request is called', () => {
    const { sink, logger } = jsonLogger()
    const texts = { path: `/"\\${EVIL}`, method: 'GE"T', requestId: 'é"', model: `a${EVIL}` }
    logger.access({ ...ACCESS, ...texts })
    assert.doesNotMatch(sink.lines.join('').trimEnd(), /[\u0000-\u001f\u007f-\u009f\u202e]/)
    const { path, method, requestId, model } = sink.records[0] ?? {}
    assert.deepEqual({ path, method, requestId, model }, texts)
  })

  it('resolves a flush when all is written', () => jsonLogger().logger.flush())

  it('gives up on a reader that does not read', async () => {
    const { sink, logger } = jsonLogger()
    sink.flush = () => undefined
    logger.log('info', 'never read')
    await logger.flush()
    assert.deepEqual(sink.lines, [])
  })
})

describe('a log for people', () => {
  function prettyLog() {
    const sink = new MemorySink()
    return { sink, logger: createLogger({ logLevel: 'info', logFormat: 'pretty' }, sink) }
  }

  it('shows a request in one line', () => {
    const { sink, logger } = prettyLog()
    logger.access(ACCESS)
    assert.equal(sink.lines.join('').match(/\n/g)?.length, 1)
    assert.match(sink.lines.join(''), /INFO.*POST \/predictions\/digits 200 1\.23 ms/)
  })

  it('shows an event and its fields in one line', () => {
    const { sink, logger } = prettyLog()
    logger.log('info', 'worker ready', { model: 'digits/1.0', loadMs: 3 })
    assert.match(sink.lines.join(''), /^.*INFO.*worker ready.*"model":"digits\/1\.0","loadMs":3.*\n$/)
  })

  it('shows a report as it is, but for controls', () => {
    const { sink, logger } = prettyLog()
    logger.report(['digits 1.0: ready', EVIL])
    assert.equal(sink.lines.join(''), 'digits 1.0: ready\na\\u001b[2J\\u009b2J\\u007f\\u202eb\\u000aforged\n')
  })

  it('cannot be made to obey or forge lines by what it shows', () => {
    const { sink, logger } = prettyLog()
    logger.log('info', EVIL, { field: EVIL, [EVIL]: 1, nested: { list: [EVIL] } })
    logger.failure(new ServingError('internal', EVIL, { cause: `Error: ${EVIL}` }), 'r1')
    const text = sink.lines.join('')
    assert.doesNotMatch(text, TERMINAL_CONTROLS)
    assert.doesNotMatch(text, /^forged/m)
  })
})

describe('the log of events', () => {
  const CASES = [
    {
      it: 'a change of state',
      emit: (events: EventBus) => events.emit('stateChanged', { model: MODEL, from: 'new', to: 'loading' }),
      record: { level: 'info', model: 'digits/1.0', msg: 'new → loading' },
    },
    {
      it: 'a failure with its reason',
      emit: (events: EventBus) =>
        events.emit('stateChanged', { model: MODEL, from: 'loading', to: 'failed', reason: 'no memory' }),
      record: { level: 'error', model: 'digits/1.0', reason: 'no memory', msg: 'loading → failed' },
    },
    {
      it: 'a worker that is ready',
      emit: (events: EventBus) =>
        events.emit('workerReady', { model: MODEL, pid: 1, threadId: 2, loadMs: 3.4, warmUpMs: 3.6 }),
      record: {
        level: 'info',
        model: 'digits/1.0',
        pid: 1,
        threadId: 2,
        loadMs: 3,
        warmUpMs: 4,
        msg: 'worker ready',
      },
    },
    {
      it: 'a restart',
      emit: (events: EventBus) =>
        events.emit('workerProcessRestarted', {
          model: MODEL,
          cause: 'crash',
          detail: 'SIGKILL',
          backoffMs: 5,
        }),
      record: {
        level: 'warn',
        model: 'digits/1.0',
        cause: 'crash',
        detail: 'SIGKILL',
        backoffMs: 5,
        msg: 'worker process restarted',
      },
    },
    {
      it: 'a version that is gone',
      emit: (events: EventBus) => events.emit('versionRemoved', { model: MODEL }),
      record: { level: 'info', model: 'digits/1.0', msg: 'unregistered' },
    },
    {
      it: 'what a handler logs, at its level',
      emit: (events: EventBus) =>
        events.emit('workerLog', {
          model: MODEL,
          pid: 1,
          record: { level: 'warn', message: 'hi', fields: { level: 'fake' } },
        }),
      record: { level: 'warn', model: 'digits/1.0', pid: 1, fields: { level: 'fake' }, msg: 'hi' },
    },
  ]
  for (const c of CASES) {
    it(`has ${c.it}`, () => {
      const { sink, logger } = jsonLogger()
      const events = new EventBus()
      logEvents(events, logger)
      c.emit(events)
      assert.deepEqual(sink.records, [c.record])
    })
  }

  it('cuts what a handler adds without end', () => {
    const { sink, logger } = jsonLogger()
    const events = new EventBus()
    logEvents(events, logger)
    events.emit('workerLog', {
      model: MODEL,
      pid: 1,
      record: { level: 'info', message: 'm', fields: { x: 'y'.repeat(100_000) } },
    })
    assert.ok((sink.lines[0]?.length ?? 0) < 5000)
  })
})
