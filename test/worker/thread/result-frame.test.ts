import assert from 'node:assert/strict'
import { resultFromResultFrame } from '../../../worker/contract/batch-codec.ts'
import type { BatchResponse, BatchTiming } from '../../../worker/contract/messages.ts'
import type { HandlerLogger } from '../../../worker/handler.ts'
import { resultFrame } from '../../../worker/thread/result-frame.ts'
import { answersOf } from '../../support/batch-requests.ts'

const TIMING: BatchTiming = { preprocessMs: 1, inferenceMs: 2, postprocessMs: 3, rows: 4, runs: 5 }
const TEXT: BatchResponse = { payload: { kind: 'bytes', bytes: Buffer.from('fine') } }
const BROKEN: BatchResponse = {
  payload: { kind: 'bytes', bytes: Buffer.from('x') },
  get headers(): never {
    throw new Error('a getter of the handler')
  },
}

describe('resultFrame', () => {
  it('fails only the member whose answer cannot be encoded, and logs why', () => {
    const logged: unknown[] = []
    const ignore = () => undefined
    const log: HandlerLogger = {
      debug: ignore,
      info: ignore,
      warn: ignore,
      error: (_, fields) => logged.push(fields?.['stack']),
    }
    const replies = [TEXT, BROKEN, TEXT].map((value) => ({ ok: true, value }) as const)
    const frame = resultFrame(7, { replies, timing: TIMING }, log)
    const result = resultFromResultFrame(frame.buffer)
    assert.deepEqual(answersOf(result), [
      'fine',
      "internal: the handler's answer could not be encoded; the server's log has the details",
      'fine',
    ])
    assert.deepEqual(result.timing, TIMING)
    assert.equal(logged.length, 1)
    assert.match(String(logged[0]), /a getter of the handler/)
  })
})
