import { ChunkedBody } from './chunked-body.ts'

const HEAD_END = '\r\n\r\n'
const MAX_START_BYTES = 1000

export type Answer = {
  readonly status: number
  /** Whether the server takes another request on the connection. */
  readonly isKeptAlive: boolean
  /** Its head and the start of its body. */
  readonly start: Buffer
  /** Of its body, as they came: with the sizes of chunks. */
  readonly bodyBytes: number
}

/** An answer whose body is still to come: of known length, or in chunks. */
type Body = {
  readonly answer: Omit<Answer, 'bodyBytes'>
  readonly lengthBytes: number
  readonly chunks: ChunkedBody | undefined
  readBytes: number
}

/** Reads the answers of one connection, one at a time, and keeps no more of them than a message needs. */
export class AnswerReader {
  #head: Buffer = Buffer.alloc(0)
  #body: Body | undefined

  /** @returns the answer when this is its last piece */
  push(piece: Buffer): Answer | undefined {
    if (this.#body !== undefined) return this.#readBody(this.#body, piece)
    this.#head = this.#head.length === 0 ? piece : Buffer.concat([this.#head, piece])
    const headBytes = this.#head.indexOf(HEAD_END)
    if (headBytes === -1) return undefined
    const start = this.#head
    const rest = start.subarray(headBytes + HEAD_END.length)
    this.#head = Buffer.alloc(0)
    const body = bodyOf(start.toString('latin1', 0, headBytes), start.subarray(0, MAX_START_BYTES))
    // `100 Continue` comes before the answer.
    if (body.answer.status < 200) return rest.length === 0 ? undefined : this.push(rest)
    this.#body = body
    return this.#readBody(body, rest)
  }

  #readBody(body: Body, piece: Buffer): Answer | undefined {
    body.readBytes += piece.byteLength
    const { answer, chunks, readBytes, lengthBytes } = body
    const isComplete = chunks === undefined ? readBytes >= lengthBytes : chunks.push(piece)
    if (!isComplete) return undefined
    this.#body = undefined
    return { ...answer, bodyBytes: readBytes }
  }
}

function bodyOf(head: string, start: Buffer): Body {
  // `HTTP/1.1 200 OK`
  const status = Number(head.slice(9, 12))
  const isKeptAlive = !/\r\nconnection: *close/i.test(head)
  const answer = { status, isKeptAlive, start }
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
  const isChunked = length === undefined && /\r\ntransfer-encoding: *chunked/i.test(head)
  if (length === undefined && !isChunked && status >= 200 && status !== 204) {
    throw new Error(`the answer tells no length: ${head}`)
  }
  const chunks = isChunked ? new ChunkedBody() : undefined
  return { answer, lengthBytes: Number(length ?? 0), chunks, readBytes: 0 }
}
