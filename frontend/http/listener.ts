import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { createApp, MAX_HEADER_FIELDS, type AppOptions } from './app.ts'
import { answerClientError } from './client-error.ts'
import { listenError, type ListenAddress } from './listen-error.ts'

export type HttpPolicy = {
  readonly headersTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly keepAliveTimeoutMs: number
  readonly maxConnections: number
}

const MAX_HEADER_BYTES = 16 * 1024
/** How often Node looks for requests that are over their time; its default of 30 s would stretch every limit. */
const CONNECTIONS_CHECK_MS = 1000
/** How often a closing listener looks for connections that have become idle. */
const IDLE_CHECK_MS = 50

/** One address that serves HTTP. Its policy is the same for all: limits and time-outs come from here only. */
export class HttpListener {
  readonly #server: Server
  readonly #pending = new Set<ServerResponse>()
  #isClosing = false
  #closed: Promise<void> | undefined
  #onLastEnded: (() => void) | undefined

  constructor(options: AppOptions, policy: HttpPolicy) {
    const app = createApp(options)
    const handle = (req: IncomingMessage, res: ServerResponse) => {
      this.#track(res)
      app(req, res)
    }
    this.#server = createServer(serverOptions(policy), handle)
    this.#server.maxHeadersCount = MAX_HEADER_FIELDS + 1
    this.#server.maxConnections = policy.maxConnections
    // Same as any request: whoever reads the body sends `100 Continue` first.
    this.#server.on('checkContinue', handle)
    this.#server.on('connection', (socket) => {
      socket.once('close', () => this.#abandonQueued(socket))
    })
    this.#server.on('clientError', (error, socket) => {
      const pending = [...this.#pending].find((res) => res.socket === socket)
      answerClientError(error, socket, { pending, render: options.renderError })
    })
  }

  /**
   * Starts to listen.
   *
   * @param setting the name of the setting that holds the address, for error messages
   * @returns the URL, with the port that the operating system chose when `port` is 0
   * @throws ServingError `failed_precondition` naming address and setting
   */
  listen(address: ListenAddress, setting: string): Promise<string> {
    return new Promise((resolve, reject) => {
      // Stays: an error event without a listener would end the process, also long after this promise settled.
      this.#server.on('error', (error) => reject(listenError(error, address, setting)))
      this.#server.listen(address.port, address.host, () => resolve(this.url))
    })
  }

  /** Where it listens. */
  get url(): string {
    const { address, port, family } = this.#server.address() as AddressInfo // bound to a host and port, no pipe
    return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
  }

  /**
   * Stops accepting connections and resolves when every request has been answered. Requests that arrive on open
   * connections meanwhile are served; every answer says `Connection: close`. After `timeoutMs` what is left is cut.
   */
  close(timeoutMs: number): Promise<void> {
    this.#closed ??= this.#close(timeoutMs)
    return this.#closed
  }

  #close(timeoutMs: number): Promise<void> {
    this.#isClosing = true
    for (const res of this.#pending) res.shouldKeepAlive = false
    return new Promise((resolve) => {
      const idleCheck = setInterval(() => this.#closeIdle(), IDLE_CHECK_MS)
      const limit = setTimeout(() => this.#server.closeAllConnections(), timeoutMs)
      this.#server.close(() => {
        clearInterval(idleCheck)
        clearTimeout(limit)
        // Cut responses announce their end after the server does; who records them must not be closed before.
        this.#onLastEnded = resolve
        this.#resolveIfNonePending()
      })
      this.#closeIdle()
    })
  }

  /** With no request pending, what is open has sent nothing, or half a head: nothing that was accepted. */
  #closeIdle(): void {
    if (this.#pending.size === 0) this.#server.closeAllConnections()
    else this.#server.closeIdleConnections()
  }

  #track(res: ServerResponse): void {
    if (this.#isClosing) res.shouldKeepAlive = false
    this.#pending.add(res)
    res.once('close', () => {
      this.#pending.delete(res)
      this.#resolveIfNonePending()
    })
  }

  /**
   * Ends the responses that wait behind another one on a pipelining connection which is gone: Node tells only
   * the first of them (measured on 20.20), so the others would count as pending for ever.
   */
  #abandonQueued(socket: Socket): void {
    for (const res of this.#pending) {
      if (res.req.socket !== socket || res.socket !== null) continue
      res.destroy()
      res.emit('close')
    }
  }

  #resolveIfNonePending(): void {
    if (this.#pending.size === 0) this.#onLastEnded?.()
  }
}

function serverOptions(policy: HttpPolicy) {
  return {
    maxHeaderSize: MAX_HEADER_BYTES,
    connectionsCheckingInterval: CONNECTIONS_CHECK_MS,
    // Node refuses a head limit beyond the limit of the whole request.
    headersTimeout: Math.min(policy.headersTimeoutMs, policy.requestTimeoutMs),
    requestTimeout: policy.requestTimeoutMs,
    keepAliveTimeout: policy.keepAliveTimeoutMs,
  }
}
