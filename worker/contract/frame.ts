import { ServingError } from './errors.ts'

/*
 * One frame on the socket between the frontend and a worker process. All integers are little-endian.
 *
 *   0   u32  length of everything after this field
 *   4   u8   kind
 *   5   u8   format version
 *   6   u16  flags: 1 on a `result` which frames of the same batch precede by another way, 2 on a `run` that must
 *            have its worker process to itself, else 0
 *   8   u32  id: the batch that a `run`, `cancel`, `started`, `piece` or `result` belongs to, the channel that an
 *            `attach` opens, else 0
 *   12  u32  length of the header
 *   16       header: UTF-8 JSON, zero-padded to the next multiple of 8
 *            payload: sections, each starting at a multiple of 8 from the start of the frame
 *
 * The fixed fields are all that a router needs, so the worker process's main thread forwards a frame to a
 * thread without reading its JSON. Sections are aligned so that typed arrays can be laid over them in place.
 */
const FIXED_BYTES = 16
const LENGTH_FIELD_BYTES = 4
const FORMAT_VERSION = 1
const FLAGS_OFFSET = 6
const IS_PRECEDED = 1
const IS_ALONE = 2
/** What the length field can say. */
export const MAX_FRAME_BYTES = 2 ** 32 - 1
export const SECTION_ALIGNMENT_BYTES = 8

/** What a frame is: 1–15 go to a worker process, 16–31 come from it. */
export const FRAME_KINDS = {
  load: 1,
  run: 2,
  stop: 3,
  cancel: 4,
  attach: 5,
  instance: 17,
  result: 18,
  log: 19,
  piece: 20,
  metrics: 21,
  started: 22,
  lost: 23,
} as const

export type FrameKind = keyof typeof FRAME_KINDS

const KIND_BY_NUMBER = new Map<number, FrameKind>(
  Object.entries(FRAME_KINDS).map(([name, number]) => [number, name as FrameKind]), // keys of the table above
)

/** A received frame. `buffer` starts at its first byte, holds all of it, and may be transferred if it is its own. */
export type Frame = { readonly kind: FrameKind; readonly id: number; readonly buffer: ArrayBuffer }

/** Where a section of the payload lies, from the start of the frame. */
export type Section = { readonly offset: number; readonly byteLength: number }

export function alignUp(offset: number): number {
  return Math.ceil(offset / SECTION_ALIGNMENT_BYTES) * SECTION_ALIGNMENT_BYTES
}

/**
 * Collects payload sections, then lays out the frame around them.
 *
 * Offsets are relative to the payload until the header is known; a reader adds `payloadOffset(frame)`.
 */
export class FrameBuilder {
  readonly #sections: Uint8Array[] = []
  #byteLength = 0

  /** Adds bytes to the payload; they must stay as they are until the frame is built, or its pieces are written. */
  add(bytes: Uint8Array): Section {
    const offset = this.#byteLength
    this.#sections.push(bytes)
    this.#byteLength = alignUp(offset + bytes.byteLength)
    return { offset, byteLength: bytes.byteLength }
  }

  /** Of what was added, in order. */
  get byteLengths(): number[] {
    return this.#sections.map(({ byteLength }) => byteLength)
  }

  /** The frame with all bytes copied into it. */
  build(kind: FrameKind, id: number, header: unknown): Uint8Array<ArrayBuffer> {
    const head = this.#headOf(kind, id, header)
    const frame = memoryForFrame(head.frameBytes).fill(0, 0, head.payloadOffset)
    writeHead(frame, head)
    let offset = head.payloadOffset
    for (const section of this.#sections) {
      frame.set(section, offset)
      const end = offset + section.byteLength
      offset = alignUp(end)
      frame.fill(0, end, offset)
    }
    return frame
  }

  /** The frame in pieces to be written one after the other: large sections are not copied. */
  pieces(kind: FrameKind, id: number, header: unknown): Uint8Array[] {
    if (!this.#sections.some(isLarge)) return [this.build(kind, id, header)]
    const head = this.#headOf(kind, id, header)
    const start = new Uint8Array(head.payloadOffset)
    writeHead(start, head)
    const pieces: Uint8Array[] = []
    let small: Uint8Array[] = [start]
    for (const section of this.#sections) {
      if (isLarge(section)) {
        pieces.push(Buffer.concat(small), section)
        small = []
      } else small.push(section)
      small.push(PADDING.subarray(0, alignUp(section.byteLength) - section.byteLength))
    }
    return [...pieces, Buffer.concat(small)].filter(({ byteLength }) => byteLength > 0)
  }

  #headOf(kind: FrameKind, id: number, header: unknown): Head {
    const text = Buffer.from(JSON.stringify(header))
    const payloadOffset = alignUp(FIXED_BYTES + text.byteLength)
    const frameBytes = payloadOffset + this.#byteLength
    if (frameBytes > MAX_FRAME_BYTES) {
      throw new ServingError(
        'resource_exhausted',
        `a batch of ${frameBytes} bytes is over the limit of ${MAX_FRAME_BYTES}`,
        { reason: 'frame_size' },
      )
    }
    return { kind, id, text, payloadOffset, frameBytes }
  }
}

type Head = {
  readonly kind: FrameKind
  readonly id: number
  readonly text: Uint8Array
  readonly payloadOffset: number
  readonly frameBytes: number
}

/** Copying less is cheaper than writing it apart. */
const LARGE_SECTION_BYTES = 64 * 1024
const PADDING = new Uint8Array(SECTION_ALIGNMENT_BYTES)

function isLarge({ byteLength }: Uint8Array): boolean {
  return byteLength >= LARGE_SECTION_BYTES
}

/** What is to hold a frame. Large memory is not zeroed: all of it is written before anybody sees it. */
export function memoryForFrame(byteLength: number): Uint8Array<ArrayBuffer> {
  return byteLength < LARGE_SECTION_BYTES ? new Uint8Array(byteLength) : Buffer.allocUnsafeSlow(byteLength)
}

function writeHead(target: Uint8Array<ArrayBuffer>, { kind, id, text, frameBytes }: Head): void {
  const view = new DataView(target.buffer)
  view.setUint32(0, frameBytes - LENGTH_FIELD_BYTES, true)
  view.setUint8(4, FRAME_KINDS[kind])
  view.setUint8(5, FORMAT_VERSION)
  view.setUint32(8, id, true)
  view.setUint32(12, text.byteLength, true)
  target.set(text, FIXED_BYTES)
}

export function frameOf(kind: FrameKind, header: unknown, id = 0): Uint8Array<ArrayBuffer> {
  return new FrameBuilder().build(kind, id, header)
}

/** Notes on a `result` frame that pieces or metrics of its batch were sent before it, and must not be overtaken. */
export function markPreceded(frame: Uint8Array<ArrayBuffer>): void {
  new DataView(frame.buffer).setUint16(FLAGS_OFFSET, IS_PRECEDED, true)
}

export function isPreceded(frame: Uint8Array): boolean {
  return new DataView(frame.buffer, frame.byteOffset).getUint16(FLAGS_OFFSET, true) === IS_PRECEDED
}

/** Notes on the start of a `run` frame that its batch must be the only one that runs in its worker process. */
export function markAlone(start: Uint8Array): void {
  new DataView(start.buffer, start.byteOffset).setUint16(FLAGS_OFFSET, IS_ALONE, true)
}

export function isAlone(buffer: ArrayBuffer): boolean {
  return new DataView(buffer).getUint16(FLAGS_OFFSET, true) === IS_ALONE
}

/** What a frame on its way out is, and the batch it belongs to. */
export function kindAndId(frame: Uint8Array): { readonly kind: FrameKind | undefined; readonly id: number } {
  const view = new DataView(frame.buffer, frame.byteOffset)
  return { kind: KIND_BY_NUMBER.get(view.getUint8(4)), id: view.getUint32(8, true) }
}

/** Parses a frame's header. The caller knows its type by the frame's kind: both ends are built together. */
export function frameHeader(buffer: ArrayBuffer): unknown {
  const headerBytes = new DataView(buffer).getUint32(12, true)
  return JSON.parse(Buffer.from(buffer, FIXED_BYTES, headerBytes).toString())
}

/** A view of one payload section; it shares the frame's memory. */
export function sectionBytes(buffer: ArrayBuffer, section: Section): Uint8Array<ArrayBuffer> {
  const view = new DataView(buffer)
  const start = alignUp(FIXED_BYTES + view.getUint32(12, true)) + section.offset
  // Behind a frame may lie what was read before it.
  if (start + section.byteLength > frameBytesOf(view)) throw new RangeError('a section goes beyond its frame')
  return new Uint8Array(buffer, start, section.byteLength)
}

/**
 * Cuts a byte stream into frames. Chunks may split a frame anywhere, or hold several.
 *
 * Each frame gets a buffer of its own, which a thread can take over by transfer, unless what makes them lends it.
 *
 * @throws ServingError `internal` from `push` when the stream is not ours or a frame is over `maxFrameBytes`.
 */
export class FrameReader {
  readonly #maxFrameBytes: number
  readonly #memoryFor: typeof memoryForFrame
  readonly #lengthField = new Uint8Array(LENGTH_FIELD_BYTES)
  #frame: Uint8Array<ArrayBuffer> | undefined
  #filled = 0

  constructor(maxFrameBytes: number, memoryFor = memoryForFrame) {
    this.#maxFrameBytes = maxFrameBytes
    this.#memoryFor = memoryFor
  }

  push(chunk: Uint8Array): Frame[] {
    const frames: Frame[] = []
    let position = 0
    while (position < chunk.byteLength) {
      const target = this.#frame ?? this.#lengthField
      const count = Math.min(target.byteLength - this.#filled, chunk.byteLength - position)
      target.set(chunk.subarray(position, position + count), this.#filled)
      this.#filled += count
      position += count
      if (this.#filled < target.byteLength) break
      const frame = this.#advance()
      if (frame !== undefined) frames.push(frame)
    }
    return frames
  }

  /** Where the next bytes of a large frame belong: read into it, they need no copy. Undefined: give them to `push`. */
  get room(): Uint8Array<ArrayBuffer> | undefined {
    const frame = this.#frame
    if (frame === undefined || frame.byteLength - this.#filled < LARGE_SECTION_BYTES) return undefined
    return frame.subarray(this.#filled)
  }

  /** So many bytes were read into {@link room}. @returns the frame when they were its last */
  fill(count: number): Frame | undefined {
    this.#filled += count
    return this.#filled === this.#frame?.byteLength ? this.#advance() : undefined
  }

  /** Called when the current target is full: the length field becomes a frame, a frame is handed out. */
  #advance(): Frame | undefined {
    if (this.#frame === undefined) {
      this.#frame = this.#allocate()
      return undefined
    }
    const { buffer } = this.#frame
    this.#frame = undefined
    this.#filled = 0
    return parseFixedFields(buffer)
  }

  #allocate(): Uint8Array<ArrayBuffer> {
    const byteLength = frameBytesOf(new DataView(this.#lengthField.buffer))
    if (byteLength < FIXED_BYTES || byteLength > this.#maxFrameBytes) {
      throw new ServingError(
        'internal',
        `a frame of ${byteLength} bytes arrived, allowed are ${FIXED_BYTES} to ${this.#maxFrameBytes}`,
        { reason: 'frame_size' },
      )
    }
    const frame = this.#memoryFor(byteLength)
    frame.set(this.#lengthField)
    return frame
  }
}

function frameBytesOf(start: DataView): number {
  return LENGTH_FIELD_BYTES + start.getUint32(0, true)
}

function parseFixedFields(buffer: ArrayBuffer): Frame {
  const view = new DataView(buffer)
  const kind = KIND_BY_NUMBER.get(view.getUint8(4))
  if (kind === undefined || view.getUint8(5) !== FORMAT_VERSION) {
    throw new ServingError(
      'internal',
      `a frame of kind ${view.getUint8(4)}, version ${view.getUint8(5)} arrived`,
    )
  }
  const headerBytes = view.getUint32(12, true)
  const frameBytes = frameBytesOf(view)
  if (FIXED_BYTES + headerBytes > frameBytes) {
    throw new ServingError('internal', `a frame of ${frameBytes} bytes claims a header of ${headerBytes}`)
  }
  return { kind, id: view.getUint32(8, true), buffer }
}
