import type { Server, Socket } from 'node:net'
import { TLSSocket } from 'node:tls'

export type ProtocolChoiceOptions = {
  /** The event by which the server hands over connections: `secureConnection` with TLS. */
  readonly event: 'connection' | 'secureConnection'
  /** Takes the connections that speak HTTP/2; nothing of them has been taken from the socket. */
  readonly onHttp2: (socket: Socket) => void
  /** How long a client may be silent, or take to say what it speaks. */
  readonly timeoutMs: number
}

/** What a client of HTTP/2 says first; no method of HTTP/1.1 begins like it. @see RFC 9113, 3.4 */
const PREFACE_START = Buffer.from('PRI ')

/**
 * Lets a server of HTTP/1.1 share its port with HTTP/2: each connection goes where its first bytes belong, or, with
 * TLS, where its handshake has said.
 */
export class ProtocolChoice {
  readonly #undecided = new Set<Socket>()
  readonly #server: Server
  readonly #options: ProtocolChoiceOptions
  readonly #http1Listeners: readonly ((socket: Socket) => void)[]

  /** @param server whose listeners so far are those of HTTP/1.1 */
  constructor(server: Server, options: ProtocolChoiceOptions) {
    this.#server = server
    this.#options = options
    this.#http1Listeners = server.listeners(options.event) as ((socket: Socket) => void)[] // Node's own of this event
    server.removeAllListeners(options.event)
    server.on(options.event, (socket: Socket) => {
      this.#receive(socket)
    })
  }

  /** Ends the connections that have said nothing so far. */
  cutUndecided(): void {
    for (const socket of this.#undecided) socket.destroy()
  }

  #receive(socket: Socket): void {
    if (!(socket instanceof TLSSocket)) this.#listen(socket)
    else if (socket.alpnProtocol === 'h2') this.#toHttp2(socket)
    else this.#toHttp1(socket)
  }

  #listen(socket: Socket): void {
    let received = Buffer.alloc(0)
    const decided = () => {
      clearTimeout(timer)
      this.#undecided.delete(socket)
      socket.off('readable', look).off('close', decided).off('error', ignore)
    }
    const look = () => {
      const bytes = socket.read() as Buffer | null // of a socket without encoding
      if (bytes === null) {
        if (socket.readableEnded) socket.destroy()
        return
      }
      received = Buffer.concat([received, bytes])
      if (received.byteLength < PREFACE_START.byteLength && isPrefaceStart(received)) return
      decided()
      socket.unshift(received)
      if (isPrefaceStart(received)) this.#toHttp2(socket)
      else this.#toHttp1(socket)
    }
    const timer = setTimeout(() => socket.destroy(), this.#options.timeoutMs)
    this.#undecided.add(socket)
    socket.on('readable', look).on('close', decided).on('error', ignore)
  }

  #toHttp1(socket: Socket): void {
    for (const listener of this.#http1Listeners) listener.call(this.#server, socket)
  }

  #toHttp2(socket: Socket): void {
    // HTTP/1.1 leaves its side open when the client has ended its own; HTTP/2 would never end then.
    socket.allowHalfOpen = false
    this.#options.onHttp2(socket)
  }
}

function isPrefaceStart(bytes: Buffer): boolean {
  const length = Math.min(bytes.byteLength, PREFACE_START.byteLength)
  return bytes.subarray(0, length).equals(PREFACE_START.subarray(0, length))
}

/** Its `close` follows. */
function ignore(): void {
  return
}
