import assert from 'node:assert/strict'
import { decodeZstd, ZstdTooLarge } from '../../../frontend/http/zstd-decode.ts'
import { rleBlock, zstdFrame, zstdOfZeros } from '../../support/zstd-frames.ts'

const LIMITS = { maxBytes: 1_000_000, maxWindowBytes: 8 * 1024 * 1024 }
const WINDOW_OF_8_MIB = 13 << 3
const WINDOW_OF_16_MIB = 14 << 3

describe('decodeZstd', () => {
  it('unpacks several frames, and skips what is to be skipped', () => {
    const skipped = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 9, 9, 9])
    const frame = (byte: number) => zstdFrame(WINDOW_OF_8_MIB, [rleBlock(20, byte, true)])
    const unpacked = decodeZstd(Buffer.concat([frame(1), skipped, frame(2)]), LIMITS)
    assert.deepEqual(unpacked, Buffer.concat([Buffer.alloc(20, 1), Buffer.alloc(20, 2)]))
  })

  it('stops when more comes out than it may', () => {
    assert.throws(() => decodeZstd(zstdOfZeros(100), LIMITS), ZstdTooLarge)
  })

  const MALFORMED = [
    {
      it: 'a window that is too large, before it is allocated',
      packed: zstdFrame(WINDOW_OF_16_MIB, [rleBlock(20, 1, true)]),
      message: /window of 16777216 bytes/,
    },
    {
      it: 'a content that is too large to be kept',
      packed: Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0, 0x7f]),
      message: /window of 2130706432 bytes/,
    },
    {
      it: 'a block that is too large',
      packed: zstdFrame(WINDOW_OF_8_MIB, [rleBlock(200_000, 1, true)]),
      message: /a block has 200000 bytes/,
    },
    {
      it: 'a frame without its last block',
      packed: zstdFrame(WINDOW_OF_8_MIB, [rleBlock(20, 1, false)]),
      message: /./,
    },
    {
      it: 'a dictionary',
      packed: Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 1, 0, 7, 0, 0, 0, 0]),
      message: /dictionary/,
    },
    { it: 'another start', packed: Buffer.from('PK\u0003\u0004abcdefghijklmnop'), message: /no known start/ },
    { it: 'a start that is cut', packed: Buffer.from([0x28, 0xb5]), message: /./ },
  ]
  for (const { it: what, packed, message } of MALFORMED) {
    it(`refuses ${what}`, () => assert.throws(() => decodeZstd(packed, LIMITS), message))
  }
})
