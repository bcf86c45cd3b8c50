import { createServer, type AddressInfo, type Socket } from 'node:net'
import { listenError, type ListenAddress } from '../http/listen-error.ts'
import { protectSocket, removeStaleSocket } from '../http/unix-socket.ts'

/** Accepts connections for several processes; nothing of them is read before they are where they are served. */
export class Acceptor {
  readonly #server
  readonly #isEncrypted: boolean

  constructor(give: (connection: Socket) => void, { isEncrypted }: { readonly isEncrypted: boolean }) {
    this.#isEncrypted = isEncrypted
    // As servers of HTTP have it, but for the pause.
    this.#server = createServer({ pauseOnConnect: true, allowHalfOpen: true, noDelay: true }, give)
  }

  /**
   * Starts to listen, as a listener of its own would.
   *
   * @throws ServingError `failed_precondition` naming address and setting
   */
  async listen(address: ListenAddress, setting: string): Promise<string> {
    if ('path' in address) await removeStaleSocket(address.path)
    return new Promise((resolve, reject) => {
      // Stays: an error event without a listener would end the process, also long after this promise settled.
      this.#server.on('error', (error) => reject(listenError(error, address, setting)))
      this.#server.listen(address, () => resolve(this.#url))
      if ('path' in address && this.#server.listening) protectSocket(address.path)
    })
  }

  /** Accepts no more. Connections that it gave away are the affair of those who have them. */
  close(): void {
    this.#server.close()
  }

  get #url(): string {
    const bound = this.#server.address()
    if (typeof bound === 'string') return `unix:${bound}`
    const { address, port, family } = bound as AddressInfo // null only before it listens
    return `${this.#isEncrypted ? 'https' : 'http'}://${family === 'IPv6' ? `[${address}]` : address}:${port}`
  }
}
