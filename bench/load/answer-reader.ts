import { ChunkedBody } from './chunked-body.ts'

const HEAD_END = '\r\n\r\n'
const MAX_START_BYTES = 1000

export type Answer = {
  readonly status: number
  /** Whether the server takes another request on the connection. */
  readonly isKeptAlive: boolean
  /** Its head and the start of its body. */
  readonly start: Buffer
}

/** What of an answer's body is still to come; `undefined` of the length: chunked. */
type Body = {
  readonly answer: Answer
  bytesLeft: number
  readonly chunks: ChunkedBody | undefined
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
    body.bytesLeft -= piece.byteLength
    const isComplete = body.chunks === undefined ? body.bytesLeft <= 0 : body.chunks.push(piece)
    if (!isComplete) return undefined
    this.#body = undefined
    return body.answer
  }
}

function bodyOf(head: string, start: Buffer): Body {
  // `HTTP/1.1 200 OK`
  const status = Number(head.slice(9, 12))
  const isKeptAlive = !/\r\nconnection: *close/i.test(head)
  const answer = { status, isKeptAlive, start }
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
  if (length !== undefined) return { answer, bytesLeft: Number(length), chunks: undefined }
  if (/\r\ntransfer-encoding: *chunked/i.test(head))
    return { answer, bytesLeft: 0, chunks: new ChunkedBody() }
  if (status >= 200 && status !== 204) throw new Error(`the answer tells no length: ${head}`)
  return { answer, bytesLeft: 0, chunks: undefined }
}
