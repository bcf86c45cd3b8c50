import assert from 'node:assert/strict'
import { frameHeader } from '../../../worker/contract/frame.ts'
import type { LogRecord } from '../../../worker/contract/messages.ts'
import { ThreadLog } from '../../../worker/thread/thread-log.ts'

describe('ThreadLog', () => {
  const make = () => {
    const sent: LogRecord[] = []
    const clock = { nowMs: 0 }
    const log = new ThreadLog({
      send: ({ buffer }) => sent.push(frameHeader(buffer) as LogRecord), // our own frame
      nowMs: () => clock.nowMs,
    })
    return { log, sent, clock }
  }

  it('sends level, message and fields', () => {
    const { log, sent } = make()
    log.warn('è', { requestId: 'a' })
    log.info('plain')
    assert.deepEqual(sent, [
      { level: 'warn', message: 'è', fields: { requestId: 'a' } },
      { level: 'info', message: 'plain' },
    ])
  })

  it('drops what is over the rate, and says so with the next record', () => {
    const { log, sent, clock } = make()
    for (let i = 0; i < 250; i++) log.debug(String(i))
    assert.equal(sent.length, 200)
    clock.nowMs = 1000
    log.info('later')
    assert.deepEqual(sent.slice(200), [
      { level: 'warn', message: '50 log records were dropped: more than 200 in a second' },
      { level: 'info', message: 'later' },
    ])
  })

  const cycle: Record<string, unknown> = {}
  cycle['self'] = cycle
  const FIELDS = [
    { it: 'a cycle', fields: cycle, expected: /Circular/ },
    { it: 'a BigInt', fields: { big: 5n }, expected: /5n/ },
    { it: 'more than it may hold', fields: { long: 'x'.repeat(100_000) }, expected: /^.{1,40000}$/s },
  ]
  for (const { it: name, fields, expected } of FIELDS) {
    it(`accepts fields with ${name}`, () => {
      const { log, sent } = make()
      log.error('odd', fields)
      assert.match(String(sent[0]?.fields?.['inspected']), expected)
    })
  }

  it('cuts long messages', () => {
    const { log, sent } = make()
    log.info('x'.repeat(100_000))
    assert.equal(sent[0]?.message.length, 8192)
  })
})
