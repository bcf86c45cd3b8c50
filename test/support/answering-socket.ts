import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'

/** A server on a bare socket: `onRequest` is called with the number of each piece that arrives, from 1 on. */
export class AnsweringSocket {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #pieces = 0

  private constructor(onRequest: (socket: Socket, count: number) => void) {
    this.#server = createServer({ noDelay: true }, (socket) => {
      this.#sockets.add(socket)
      socket.on('error', () => socket.destroy())
      socket.on('data', () => onRequest(socket, ++this.#pieces))
    })
  }

  static async start(onRequest: (socket: Socket, count: number) => void): Promise<AnsweringSocket> {
    const answering = new AnsweringSocket(onRequest)
    answering.#server.listen(0, '127.0.0.1')
    await once(answering.#server, 'listening')
    return answering
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port // it listens on TCP
  }

  /** Connections that were ever opened. */
  get connections(): number {
    return this.#sockets.size
  }

  close(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }
}
