import type { FileHandle } from 'node:fs/promises'
import { brokenArchive } from './archive-errors.ts'

const WINDOW_BYTES = 64 * 1024
const MAX_VARINT_BYTES = 10
const MAX_FIELD_NUMBER = 2 ** 29 - 1

/** Where a field's payload lies in the file; for a length-delimited field, without the length. */
export type Field = {
  readonly number: number
  readonly isBytes: boolean
  readonly start: number
  readonly end: number
}

/**
 * Reads protobuf fields of a file of any size. Payloads are skipped, not read: a 2 GB model costs what its graph
 * costs. Holds one window of the file in memory.
 *
 * @see https://protobuf.dev/programming-guides/encoding/
 */
export class ProtobufFile {
  readonly #file: FileHandle
  #window: Buffer = Buffer.alloc(0)
  #windowStart = 0

  constructor(file: FileHandle) {
    this.#file = file
  }

  /** The fields of the message in `[start, end)`, in stored order. */
  async *fields(start: number, end: number): AsyncGenerator<Field> {
    for (let position = start; position < end;) {
      const tag = await this.#varint(position, end)
      const field = await this.#payload(tag.value, tag.end, end)
      if (field.number === 0 || field.number > MAX_FIELD_NUMBER || field.end > end) throw notOnnx()
      yield field
      position = field.end
    }
  }

  /** The UTF-8 text of a short field. */
  async text(field: Field): Promise<string> {
    if (field.end - field.start > WINDOW_BYTES) throw notOnnx()
    await this.#cover(field.start, field.end)
    return this.#window.toString('utf8', field.start - this.#windowStart, field.end - this.#windowStart)
  }

  /** The value of a field that holds a varint; one beyond 2^53 loses precision. */
  async integer(field: Field): Promise<number> {
    return (await this.#varint(field.start, field.end)).value
  }

  async #payload(tag: number, start: number, limit: number): Promise<Field> {
    const number = Math.floor(tag / 8)
    switch (tag % 8) {
      case 0:
        return { number, isBytes: false, start, end: (await this.#varint(start, limit)).end }
      case 1:
        return { number, isBytes: false, start, end: start + 8 }
      case 2: {
        const length = await this.#varint(start, limit)
        return { number, isBytes: true, start: length.end, end: length.end + length.value }
      }
      case 5:
        return { number, isBytes: false, start, end: start + 4 }
      default:
        // Groups (3 and 4) have never been part of ONNX.
        throw notOnnx()
    }
  }

  /** Values above 2^53 lose precision; as a length or a tag they are refused anyway. */
  async #varint(position: number, limit: number): Promise<{ value: number; end: number }> {
    const last = Math.min(position + MAX_VARINT_BYTES, limit)
    if (last > this.#windowStart + this.#window.length || position < this.#windowStart) {
      await this.#cover(position, last)
    }
    let value = 0
    for (let i = position; i < last; i++) {
      const byte = this.#window[i - this.#windowStart] ?? 0
      value += (byte & 0x7f) * 2 ** (7 * (i - position))
      if (byte < 0x80) return { value, end: i + 1 }
    }
    throw notOnnx()
  }

  async #cover(start: number, end: number): Promise<void> {
    const isInside = start >= this.#windowStart && end <= this.#windowStart + this.#window.length
    if (isInside) return
    const window = Buffer.allocUnsafeSlow(WINDOW_BYTES)
    const { bytesRead } = await this.#file.read(window, 0, WINDOW_BYTES, start)
    if (start + bytesRead < end) throw notOnnx()
    this.#window = window.subarray(0, bytesRead)
    this.#windowStart = start
  }
}

function notOnnx() {
  return brokenArchive('is not a valid ONNX file')
}
