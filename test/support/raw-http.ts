import { connect, type Socket } from 'node:net'

/** A TCP connection that speaks whatever it is told, for requests that no HTTP client would send. */
export class RawConnection {
  readonly #socket: Socket
  readonly #chunks: Buffer[] = []
  readonly #ended: Promise<void>

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk) => this.#chunks.push(chunk))
    // A reset is one of the ways in which a server ends a connection; what came before it counts.
    socket.on('error', () => undefined)
    this.#ended = new Promise((resolve) => socket.once('close', () => resolve()))
  }

  static open(url: string): Promise<RawConnection> {
    const { hostname, port } = new URL(url)
    return new Promise((resolve, reject) => {
      const socket = connect({ host: hostname, port: Number(port), noDelay: true })
      socket.once('error', reject)
      socket.once('connect', () => resolve(new RawConnection(socket)))
    })
  }

  write(text: string | Uint8Array): void {
    this.#socket.write(text)
  }

  /** What the server sends stays in the kernel's buffers until they are full. */
  stopReading(): void {
    this.#socket.pause()
  }

  get received(): string {
    return Buffer.concat(this.#chunks).toString('latin1')
  }

  /** Resolves with everything received when it matches. */
  async until(pattern: RegExp): Promise<string> {
    while (!pattern.test(this.received)) {
      await new Promise((resolve) => {
        this.#socket.once('data', resolve)
        this.#socket.once('close', resolve)
      })
      if (this.#socket.destroyed && !pattern.test(this.received)) {
        throw new Error(`the connection closed after: ${this.received}`)
      }
    }
    return this.received
  }

  /** Resolves with everything received when the server has closed. */
  async untilClosed(): Promise<string> {
    await this.#ended
    return this.received
  }

  destroy(): void {
    this.#socket.destroy()
  }
}

/** Sends the bytes, and resolves with everything received when the server has closed. */
export async function rawExchange(url: string, bytes: string | Uint8Array): Promise<string> {
  const connection = await RawConnection.open(url)
  connection.write(bytes)
  return connection.untilClosed()
}
