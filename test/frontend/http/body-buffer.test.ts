import assert from 'node:assert/strict'
import { BodyBuffer } from '../../../frontend/http/body-buffer.ts'

const KIB = 1024
const MIB = 1024 * KIB

describe('BodyBuffer', () => {
  const bytes = Uint8Array.from({ length: 300_000 }, (_, index) => index % 251)
  const SPLITS = [
    { pieceBytes: 1 },
    { pieceBytes: 7 },
    { pieceBytes: 64 * KIB },
    { pieceBytes: 200_000 },
    { pieceBytes: 300_000 },
  ]
  for (const { pieceBytes } of SPLITS) {
    it(`puts pieces of ${pieceBytes} bytes together`, () => {
      const whole = filled(bytes, { pieceBytes, boundBytes: bytes.byteLength, alignedAt: 0 })
      assert.deepEqual(Uint8Array.from(whole), bytes)
    })
  }

  for (const alignedAt of [0, 1, 8, 13, 70_007]) {
    it(`lays byte ${alignedAt} at a multiple of 8`, () => {
      const whole = filled(bytes, { pieceBytes: 50_000, boundBytes: bytes.byteLength, alignedAt })
      assert.equal((whole.byteOffset + alignedAt) % 8, 0)
      assert.deepEqual(Uint8Array.from(whole), bytes)
    })
  }

  it('allocates no more than four times what came, whatever was announced', () => {
    const buffer = new BodyBuffer({ boundBytes: 1024 * MIB, alignedAt: 0 })
    buffer.push(new Uint8Array(MIB))
    buffer.push(new Uint8Array(1))
    assert.equal(buffer.take().buffer.byteLength, 4 * MIB)
  })

  it('allocates what was announced when that is less', () => {
    const whole = filled(bytes, { pieceBytes: 64 * KIB, boundBytes: bytes.byteLength, alignedAt: 0 })
    assert.equal(whole.buffer.byteLength, bytes.byteLength)
  })
})

function filled(
  bytes: Uint8Array,
  { pieceBytes, ...placing }: { pieceBytes: number; boundBytes: number; alignedAt: number },
): Buffer {
  const buffer = new BodyBuffer(placing)
  for (let offset = 0; offset < bytes.byteLength; offset += pieceBytes) {
    buffer.push(bytes.subarray(offset, offset + pieceBytes))
  }
  return buffer.take()
}
