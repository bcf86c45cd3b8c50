import assert from 'node:assert/strict'
import type { RequestPayload } from '../../worker/contract/messages.ts'

/** The parts of a payload, their bytes as text. */
export function partsOf(payload: RequestPayload | undefined) {
  assert.equal(payload?.kind, 'parts')
  return payload.parts.map(({ bytes, ...part }) => ({ ...part, text: Buffer.from(bytes).toString() }))
}
