import { connect, type Socket } from 'node:net'

const HEAD_END = '\r\n\r\n'

/** Called with the answer to each request; `answer` is its whole text, head and body. */
export type OnAnswer = (status: number, answer: Buffer) => void

/**
 * One kept-alive HTTP/1.1 connection on a bare socket, so that the generator costs little beside what it measures.
 * It reads answers that carry a `Content-Length`, one at a time.
 */
export class Connection {
  readonly #socket: Socket
  readonly #onAnswer: OnAnswer
  #received: Buffer = Buffer.alloc(0)

  constructor(port: number, onAnswer: OnAnswer, onBroken: (error: Error) => void) {
    this.#onAnswer = onAnswer
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true })
    this.#socket.on('data', (chunk) => this.#receive(chunk))
    this.#socket.on('error', onBroken)
    this.#socket.on('end', () => onBroken(new Error('the server closed the connection')))
  }

  send(request: Buffer): void {
    this.#socket.write(request)
  }

  close(): void {
    this.#socket.destroy()
  }

  #receive(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk])
    const answerBytes = answerLength(this.#received)
    if (answerBytes === undefined || this.#received.length < answerBytes) return
    const answer = this.#received
    this.#received = Buffer.alloc(0)
    // `HTTP/1.1 200 OK`
    this.#onAnswer(Number(answer.toString('latin1', 9, 12)), answer)
  }
}

/** Bytes of head and body together; undefined until the head is complete. */
function answerLength(received: Buffer): number | undefined {
  const headBytes = received.indexOf(HEAD_END)
  if (headBytes === -1) return undefined
  const length = /\r\ncontent-length: *(\d+)/i.exec(received.toString('latin1', 0, headBytes))?.[1]
  if (length === undefined) throw new Error('the answer has no Content-Length')
  return headBytes + HEAD_END.length + Number(length)
}

export function postRequest(path: string, body: string): Buffer {
  const head = [
    `POST ${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ]
  return Buffer.from(head.join('\r\n') + HEAD_END + body)
}
