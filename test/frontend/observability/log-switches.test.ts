import assert from 'node:assert/strict'
import { createLogger } from '../../../frontend/observability/logger.ts'
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

function jsonLogger(logLevel: 'debug' | 'info' | 'warn' = 'info') {
  const sink = new MemorySink()
  return { sink, logger: createLogger({ logLevel, logFormat: 'json' }, sink) }
}

describe('a log whose settings change', () => {
  const SWITCHES = [
    { off: 'debug', left: ['info', 'info', 'warn', 'error', 'error'] },
    { off: 'info', left: ['debug', 'warn', 'error', 'error'] },
    { off: 'warn', left: ['debug', 'info', 'info', 'error', 'error'] },
    { off: 'error', left: ['debug', 'info', 'info', 'warn'] },
  ] as const
  for (const { off, left } of SWITCHES) {
    it(`writes no line of the level ${off} when that alone is off`, () => {
      const { sink, logger } = jsonLogger('warn')
      logger.use({ debug: true, info: true, warn: true, error: true, [off]: false }, 'configured')
      logger.log('debug', 'a')
      logger.log('info', 'b')
      logger.access(ACCESS)
      logger.log('warn', 'c')
      logger.log('error', 'd')
      logger.failure(new ServingError('internal', 'it failed'), 'r1')
      assert.deepEqual(
        sink.records.map(({ level }) => level),
        left,
      )
    })
  }

  it('tells the levels that it began with', () => {
    const { logger } = jsonLogger('warn')
    assert.deepEqual(logger.levels, { debug: false, info: false, warn: true, error: true })
    assert.equal(logger.style, 'configured')
  })

  it('writes text with whole times, and JSON again', () => {
    const { sink, logger } = jsonLogger()
    logger.use(logger.levels, 'iso_text')
    logger.log('info', 'text \u001b[2J')
    logger.access(ACCESS)
    logger.use(logger.levels, 'configured')
    logger.log('info', 'JSON')
    const [text = '', access = '', json = ''] = sink.lines
    assert.match(text, /^\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\] INFO: text /)
    assert.doesNotMatch(text, /\u001b\[2J/)
    assert.match(access, /POST \/predictions\/digits 200 1\.23 ms/)
    assert.match(json, /^\{.*"msg":"JSON"\}\n$/)
  })
})
