import { connect, type Socket } from 'node:net'
import { AnswerReader, type Answer } from './answer-reader.ts'

export type ConnectionEvents = {
  readonly onAnswer: (connection: Connection, answer: Answer) => void
  /** The connection ended or broke, and not by {@link Connection.close}. */
  readonly onLost: (connection: Connection, error: Error) => void
}

/**
 * One HTTP/1.1 connection on a bare socket, so that the generator costs little beside what it measures. It has at most
 * one request under way.
 */
export class Connection {
  readonly #socket: Socket
  readonly #reader = new AnswerReader()
  readonly #events: ConnectionEvents
  #isClosed = false

  constructor(port: number, events: ConnectionEvents) {
    this.#events = events
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true })
    this.#socket.on('data', (piece) => this.#receive(piece))
    this.#socket.on('error', (error) => this.#lose(error))
    this.#socket.on('end', () => this.#lose(new Error('the server closed the connection')))
  }

  send(request: Buffer): void {
    this.#socket.write(request)
  }

  close(): void {
    this.#isClosed = true
    this.#socket.destroy()
  }

  #receive(piece: Buffer): void {
    let answer: Answer | undefined
    try {
      answer = this.#reader.push(piece)
    } catch (cause) {
      return this.#lose(new Error('the answer is not HTTP/1.1 as this generator reads it', { cause }))
    }
    if (answer !== undefined && !this.#isClosed) this.#events.onAnswer(this, answer)
  }

  #lose(error: Error): void {
    if (this.#isClosed) return
    this.close()
    this.#events.onLost(this, error)
  }
}

/** Nothing listens on the port: further attempts are in vain. */
export function isConnectRefusal(error: Error): boolean {
  return 'code' in error && error.code === 'ECONNREFUSED'
}
