import assert from 'node:assert/strict'
import { resultFromResultFrame } from '../../../worker/contract/batch-codec.ts'
import type { BatchResponse, BatchTiming } from '../../../worker/contract/messages.ts'
import type { Tensor } from '../../../worker/contract/tensor.ts'
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

const NO_LOG: HandlerLogger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
}

const floats = (count: number): Tensor => ({
  name: 'y',
  dtype: 'FP32',
  shape: [count],
  data: new Float32Array(count),
})
const strings = (...data: string[]): Tensor => ({ name: 'y', dtype: 'BYTES', shape: [data.length], data })

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
    const frame = resultFrame(7, { replies, timing: TIMING }, { log })
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

  const SIZES: readonly (readonly [it: string, payload: BatchResponse['payload'], isTooLarge: boolean])[] = [
    ['bytes at the limit', { kind: 'bytes', bytes: new Uint8Array(8) }, false],
    ['bytes over it', { kind: 'bytes', bytes: new Uint8Array(9) }, true],
    ['tensors over it', { kind: 'tensors', tensors: [floats(1), floats(2)] }, true],
    ['strings over it', { kind: 'tensors', tensors: [strings('äöüß', 'a')] }, true],
    ['strings at it', { kind: 'tensors', tensors: [strings('äöüß')] }, false],
  ]
  for (const [claim, payload, isTooLarge] of SIZES) {
    it(`${isTooLarge ? 'fails' : 'keeps'} ${claim}, and its neighbours in any case`, () => {
      const replies = [{ payload }, TEXT].map((value) => ({ ok: true, value }) as const)
      const options = { log: NO_LOG, maxResponseBytes: 8 }
      const frame = resultFrame(7, { replies, timing: TIMING }, options)
      const [first, second] = resultFromResultFrame(frame.buffer).replies
      const reason = first?.ok === false ? first.error.reason : undefined
      assert.equal(reason, isTooLarge ? 'response_too_large' : undefined)
      assert.equal(second?.ok, true)
    })
  }
})
