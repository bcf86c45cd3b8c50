import assert from 'node:assert/strict'
import {
  FrameBuilder,
  frameHeader,
  frameOf,
  FrameReader,
  sectionBytes,
  type Frame,
} from '../../../worker/contract/frame.ts'
import { readsOfFrames } from '../../../worker/contract/frame-reads.ts'

const MAX_FRAME_BYTES = 1024

describe('FrameReader', () => {
  const frames = [frameOf('run', { requests: [] }, 7), frameOf('log', { message: 'è' }), frameOf('stop', {})]
  const stream = Buffer.concat(frames)

  const seen = (chunks: readonly Uint8Array[]) => {
    const reader = new FrameReader(MAX_FRAME_BYTES)
    return chunks.flatMap((chunk) =>
      reader.push(chunk).map(({ kind, id, buffer }) => ({ kind, id, header: frameHeader(buffer) })),
    )
  }
  const expected = [
    { kind: 'run', id: 7, header: { requests: [] } },
    { kind: 'log', id: 0, header: { message: 'è' } },
    { kind: 'stop', id: 0, header: {} },
  ]

  it('finds all frames in one chunk', () => assert.deepEqual(seen([stream]), expected))

  it('puts frames together from single bytes', () => {
    assert.deepEqual(seen(Array.from(stream, (byte) => Uint8Array.of(byte))), expected)
  })

  it('puts frames together wherever two chunks meet', () => {
    for (let cut = 0; cut <= stream.byteLength; cut++) {
      assert.deepEqual(seen([stream.subarray(0, cut), stream.subarray(cut)]), expected, `cut at ${cut}`)
    }
  })

  it('gives each frame a buffer of its own', () => {
    const [first, second] = new FrameReader(MAX_FRAME_BYTES).push(stream)
    assert.notEqual(first?.buffer, second?.buffer)
    assert.equal(first?.buffer.byteLength, frames[0]?.byteLength)
  })

  const changed = (offset: number, value: number) => {
    const frame = Buffer.from(frameOf('stop', {}))
    frame.writeUInt32LE(value, offset)
    return frame
  }
  const REFUSED = [
    {
      it: 'a frame over the limit',
      bytes: changed(0, MAX_FRAME_BYTES),
      message: /1028 bytes arrived, allowed/,
    },
    { it: 'a frame without room for its fields', bytes: changed(0, 3), message: /7 bytes arrived, allowed/ },
    { it: 'an unknown kind', bytes: changed(4, 0x1ff), message: /kind 255, version 1/ },
    { it: 'another format version', bytes: changed(4, 0x203), message: /kind 3, version 2/ },
    { it: 'a header longer than the frame', bytes: changed(12, 500), message: /claims a header of 500/ },
  ]
  for (const { it: name, bytes, message } of REFUSED) {
    it(`refuses ${name}`, () => {
      assert.throws(() => new FrameReader(MAX_FRAME_BYTES).push(bytes), { code: 'internal', message })
    })
  }
})

describe('readsOfFrames', () => {
  const LARGE_BYTES = 100_000
  const largeFrame = () => {
    const builder = new FrameBuilder()
    builder.add(new Uint8Array(LARGE_BYTES).fill(7))
    return builder.build('result', 3, {})
  }
  const stream = Buffer.concat([
    frameOf('log', { n: 1 }),
    largeFrame(),
    largeFrame(),
    frameOf('log', { n: 2 }),
  ])

  /** Reads the stream as a socket that has so many bytes at a time. */
  const readBy = (mostBytes: number) => {
    const frames: Frame[] = []
    const targets = new Set<ArrayBufferLike>()
    const { buffer, callback } = readsOfFrames(new FrameReader(2 * LARGE_BYTES), (frame) =>
      frames.push(frame),
    )
    for (let start = 0; start < stream.byteLength;) {
      const target = buffer()
      const count = Math.min(target.byteLength, mostBytes, stream.byteLength - start)
      target.set(stream.subarray(start, start + count))
      targets.add(target.buffer)
      callback(count, target)
      start += count
    }
    return { frames, targets }
  }

  for (const mostBytes of [1000, 4097, 65_536, 1_000_000]) {
    it(`puts frames together that come by ${mostBytes} bytes`, () => {
      const bytes = readBy(mostBytes).frames.map(({ buffer }) => Buffer.from(buffer))
      assert.deepEqual(Buffer.concat(bytes), stream)
    })
  }

  it('reads the bulk of a large frame where it lies, and small ones into one buffer', () => {
    const { frames, targets } = readBy(4097)
    const [, first, second] = frames.map(({ buffer }) => buffer)
    assert.equal(targets.size, 3)
    assert.deepEqual(
      [first, second].map((buffer) => buffer !== undefined && targets.has(buffer)),
      [true, true],
    )
  })
})

describe('FrameBuilder', () => {
  it('refuses a section that goes beyond its frame, whatever lies behind it', () => {
    const frame = frameOf('result', {})
    const { buffer } = Uint8Array.of(...frame, 1, 2, 3, 4)
    assert.throws(() => sectionBytes(buffer, { offset: 0, byteLength: 1 }), /beyond its frame/)
  })

  it('builds a large frame of the same bytes as its pieces have', () => {
    const builder = new FrameBuilder()
    for (const byteLength of [70_001, 1, 70_003]) builder.add(new Uint8Array(byteLength).fill(byteLength))
    const frame = builder.build('result', 1, { odd: 'header' })
    assert.deepEqual(Buffer.from(frame), Buffer.concat(builder.pieces('result', 1, { odd: 'header' })))
  })

  it('starts every section at a multiple of 8, so that any typed array fits over it', () => {
    const builder = new FrameBuilder()
    const sections = [Uint8Array.of(1), Uint8Array.of(2, 3, 4), new Uint8Array(0), Uint8Array.of(5)]
    const places = sections.map((bytes) => builder.add(bytes))
    const { buffer } = builder.build('run', 1, { odd: 'header' })
    const views = places.map((place) => sectionBytes(buffer, place))
    assert.deepEqual(views, sections)
    assert.deepEqual(
      views.map(({ byteOffset }) => byteOffset % 8),
      [0, 0, 0, 0],
    )
  })

  const SIZES = [[], [1], [70_000], [70_001, 3], [3, 70_001], [70_001, 70_002], [3, 65_536, 0, 65_535]]
  for (const sizes of SIZES) {
    it(`has the same bytes in pieces as in one, for sections of ${sizes.join(', ') || 'no'} bytes`, () => {
      const builder = new FrameBuilder()
      for (const [index, size] of sizes.entries()) builder.add(new Uint8Array(size).fill(index + 1))
      const pieces = builder.pieces('run', 5, { odd: 'header' })
      assert.deepEqual(Buffer.concat(pieces), Buffer.from(builder.build('run', 5, { odd: 'header' })))
    })
  }
})
