import { once } from 'node:events'
import {
  connect,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type SecureClientSessionOptions,
} from 'node:http2'

export type Http2Answer = {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly trailers: Readonly<Record<string, unknown>>
  readonly bytes: Buffer
  readonly text: string
  /** How the stream ended: 0 when nobody cut it. */
  readonly rstCode: number
}

export type Http2Call = {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
}

/** One connection of HTTP/2, whatever goes over it. */
export class Http2Client {
  readonly session: ClientHttp2Session
  readonly #closed: Promise<unknown>

  constructor(url: string, options: SecureClientSessionOptions = {}) {
    this.session = connect(url, options)
    this.session.on('error', () => undefined) // streams say the same
    this.#closed = once(this.session, 'close')
  }

  /** The stream of a request whose body is still to be sent. */
  open(path: string, { method = 'POST', headers = {} }: Http2Call = {}): ClientHttp2Stream {
    const stream = this.session.request({ ':path': path, ':method': method, ...headers })
    stream.on('error', () => undefined) // its code tells
    return stream
  }

  request(path: string, call: Http2Call = {}): Promise<Http2Answer> {
    const { body } = call
    const stream = this.open(path, { ...call, method: call.method ?? (body === undefined ? 'GET' : 'POST') })
    stream.end(body)
    return answerOf(stream)
  }

  /** Resolves when the server, or `destroy`, has closed it. */
  async closed(): Promise<void> {
    await this.#closed
  }

  destroy(): void {
    this.session.destroy()
  }
}

/** Resolves when the stream has ended, however it did. */
export async function answerOf(stream: ClientHttp2Stream): Promise<Http2Answer> {
  let headers: Readonly<Record<string, unknown>> = {}
  let trailers: Readonly<Record<string, unknown>> = {}
  const chunks: Buffer[] = []
  stream.on('response', (received: Readonly<Record<string, unknown>>) => {
    headers = received
  })
  stream.on('trailers', (received: Readonly<Record<string, unknown>>) => {
    trailers = received
  })
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  await new Promise<void>((resolve) => stream.once('close', () => resolve()))
  const bytes = Buffer.concat(chunks)
  return {
    status: Number(headers[':status'] ?? 0),
    headers,
    trailers,
    bytes,
    text: bytes.toString(),
    rstCode: stream.rstCode,
  }
}
