import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A server that archives come from, or that nobody must reach. Counts its connections. */
export class OriginServer {
  readonly port: number
  connections = 0
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
    this.port = (server.address() as AddressInfo).port // it listens on a port
    server.on('connection', () => this.connections++)
  }

  static async open(answer: RequestListener = (_, res) => res.end()): Promise<OriginServer> {
    const server = createServer(answer).listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new OriginServer(server)
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }
}
