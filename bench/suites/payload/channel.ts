import { connect, type ClientHttp2Session } from 'node:http2'
import type { Answer } from '../../load/answer-reader.ts'
import { Connection } from '../../load/connection.ts'
import { requestBytes } from '../../load/request-bytes.ts'
import type { Wire } from './wires.ts'

/** A connection that is kept open, with one exchange at a time. */
export interface Channel {
  /** @returns bytes of the answer @throws when it is not the wanted one */
  exchange(wire: Wire): Promise<number>
  close(): void
}

/** As large as clients of gRPC in C++ make theirs. */
const WINDOW_BYTES = 4 * 2 ** 20

/** On a bare socket that only counts what comes back, so that the client is no part of the time. */
export class HttpChannel implements Channel {
  readonly #port: number
  /** Absent before the first exchange, and after a server closed what was idle for too long. */
  #connection: Connection | undefined
  readonly #requests = new WeakMap<Wire, Buffer>()
  #resolve = (_: Answer): void => {}
  #reject = (_: Error): void => {}

  constructor(port: number) {
    this.#port = port
  }

  async exchange(wire: Wire): Promise<number> {
    const answer = await new Promise<Answer>((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
      this.#connection ??= this.#open()
      this.#connection.send(this.#requestOf(wire))
    })
    if (answer.status === 200) return answer.bodyBytes
    throw new Error(`${wire.name}: ${answer.start.toString()}`)
  }

  #open(): Connection {
    return new Connection(this.#port, {
      onAnswer: (connection, answer) => {
        if (!answer.isKeptAlive) this.#forget(connection)
        this.#resolve(answer)
      },
      onLost: (connection, error) => {
        this.#forget(connection)
        this.#reject(error)
      },
    })
  }

  #forget(connection: Connection): void {
    connection.close()
    this.#connection = undefined
  }

  #requestOf(wire: Wire): Buffer {
    const made = this.#requests.get(wire) ?? requestBytes(wire)
    this.#requests.set(wire, made)
    return made
  }

  close(): void {
    this.#connection?.close()
  }
}

export class GrpcChannel implements Channel {
  readonly #session: ClientHttp2Session

  constructor(port: number) {
    this.#session = connect(`http://127.0.0.1:${port}`, { settings: { initialWindowSize: WINDOW_BYTES } })
    this.#session.on('connect', () => this.#session.setLocalWindowSize(WINDOW_BYTES))
  }

  exchange({ path, headers, body, name }: Wire): Promise<number> {
    return new Promise((resolve, reject) => {
      const stream = this.#session.request({ ':method': 'POST', ':path': path, ...headers })
      let bytes = 0
      let status: unknown
      const onHeaders = (received: Readonly<Record<string, unknown>>) => {
        status ??= received['grpc-status']
      }
      stream.on('response', onHeaders)
      stream.on('trailers', onHeaders)
      stream.on('data', (chunk: Buffer) => (bytes += chunk.byteLength))
      stream.on('error', reject)
      stream.on('close', () => {
        if (bytes >= body.byteLength / 2) resolve(bytes)
        else reject(new Error(`${name}: ${bytes} bytes came back, gRPC status ${String(status)}`))
      })
      stream.end(body)
    })
  }

  close(): void {
    this.#session.close()
  }
}
