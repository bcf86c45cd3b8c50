import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import { createServer as createTlsServer, Server as TlsServer } from 'node:https'
import { Server as NetServer, type AddressInfo, type Socket } from 'node:net'
import { LiveList } from '../../worker/contract/live-list.ts'
import {
  createApp,
  MAX_HEADER_FIELDS,
  type AppOptions,
  type PendingResponse,
  type ResponseTracker,
} from './app.ts'
import { answerClientError } from './client-error.ts'
import { exchangeOf } from './http2-exchange.ts'
import { IncomingRequest } from './incoming-request.ts'
import { listenError, type ListenAddress } from './listen-error.ts'
import { contextOptions, tlsOptions, type ListenerTls } from './listener-tls.ts'
import { ProtocolChoice } from './protocol-choice.ts'
import { protectSocket, removeStaleSocket } from './unix-socket.ts'

export type HttpPolicy = {
  readonly headersTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly keepAliveTimeoutMs: number
  readonly maxConnections: number
  /** Absent: unencrypted. */
  readonly tls?: ListenerTls | undefined
  /** Takes the connections of clients that speak HTTP/2, to be closed by its owner; absent: HTTP/1.1 only. */
  readonly onHttp2?: ((socket: Socket) => void) | undefined
}

const MAX_HEADER_BYTES = 16 * 1024
/** Fields that a process of this server adds to a head that it passes on. */
const PASSED_ON_FIELDS = 2
/** How often Node looks for requests that are over their time; its default of 30 s would stretch every limit. */
const CONNECTIONS_CHECK_MS = 1000
/** How long a closing listener leaves idle connections open: a request may be on its way on any of them. */
const QUIET_MS = 300
/** How often a closing listener then looks for connections that have become idle. */
const IDLE_CHECK_MS = 50

/**
 * Requests that may wait behind another one of their connection. Node parses whatever one read brings, some 1300
 * small requests, before it looks at what their answers take: 20 clients that read nothing took 1.2 GB and 50 s.
 */
const MAX_PIPELINED_REQUESTS = 256

/** One address that serves HTTP. Its policy is the same for all: limits and time-outs come from here only. */
export class HttpListener {
  readonly #server: Server
  readonly #pending = new LiveList<ServerResponse>()
  /** How many requests of a connection had to wait behind another one, and have not ended. */
  readonly #pipelined = new WeakMap<Socket, number>()
  /** What lies beneath encrypted connections: Node's own list has those only whose handshake is done. */
  readonly #encrypted = new Set<Socket>()
  /** Connections that were accepted elsewhere, still open. */
  readonly #accepted = new Set<Socket>()
  readonly #maxConnections: number
  readonly #serve: RequestListener
  readonly #choice: ProtocolChoice | undefined
  #isClosing = false
  #closed: Promise<void> | undefined
  #onLastEnded: (() => void) | undefined
  #onNoneAccepted: (() => void) | undefined
  #idleCheck: NodeJS.Timeout | undefined

  constructor(options: AppOptions, policy: HttpPolicy) {
    const tracker: ResponseTracker = {
      started: (res) => this.#started(res),
      ended: (place) => {
        this.#ended(place)
      },
    }
    this.#serve = createApp(options, tracker, policy)
    const handle: RequestListener = (req, res) => {
      // A response without a socket waits behind another one of its connection.
      if (res.socket !== null || this.#takesPipelined(req, res)) this.#serve(req, res)
    }
    this.#server = serverFor(policy, handle)
    this.#choice = choiceFor(this.#server, policy)
    this.#server.maxHeadersCount = MAX_HEADER_FIELDS + 1 + (options.isBehindFrontends ? PASSED_ON_FIELDS : 0)
    this.#server.maxConnections = policy.maxConnections
    this.#maxConnections = policy.maxConnections
    // Same as any request: whoever reads the body sends `100 Continue` first.
    this.#server.on('checkContinue', handle)
    this.#follow(policy)
    this.#server.on('clientError', (error, socket) => {
      const pending = [...this.#pending].find((res) => res.socket === socket)
      answerClientError(error, socket, { pending, render: options.renderError })
    })
  }

  /** Serves a request that came over HTTP/2, by the rules of this listener. */
  serveHttp2(req: Http2ServerRequest, res: Http2ServerResponse): void {
    const exchange = exchangeOf(req, res)
    this.#serve(exchange.req, exchange.res)
  }

  /** Serves a connection that another port has accepted, as if it had come in here. */
  accept(socket: Socket): void {
    if (this.#accepted.size >= this.#maxConnections) {
      socket.destroy()
      return
    }
    this.#accepted.add(socket)
    socket.once('close', () => {
      this.#accepted.delete(socket)
      if (this.#accepted.size === 0) this.#onNoneAccepted?.()
    })
    this.#server.emit('connection', socket)
  }

  #follow({ tls }: HttpPolicy): void {
    // Requests know the encrypted socket, not the one beneath it.
    this.#server.on(tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) => {
      socket.once('close', () => this.#abandonQueued(socket))
    })
    if (tls === undefined) return
    // Node says that a handshake has failed, or has not ended in time, and leaves its connection open (20.20).
    this.#server.on('tlsClientError', (_, socket: Socket) => {
      socket.destroy()
    })
    this.#server.on('connection', (socket) => {
      this.#encrypted.add(socket)
      socket.once('close', () => this.#encrypted.delete(socket))
    })
  }

  /**
   * Starts to listen.
   *
   * @param setting the name of the setting that holds the address, for error messages
   * @returns the URL, with the port that the operating system chose when `port` is 0; `unix:/path` for a socket
   * @throws ServingError `failed_precondition` naming address and setting
   */
  async listen(address: ListenAddress, setting: string): Promise<string> {
    if ('path' in address) await removeStaleSocket(address.path)
    return new Promise((resolve, reject) => {
      // Stays: an error event without a listener would end the process, also long after this promise settled.
      this.#server.on('error', (error) => reject(listenError(error, address, setting)))
      this.#server.listen(address, () => resolve(this.url))
      // Binding is done when `listen` returns; only what was bound here is touched.
      if ('path' in address && this.#server.listening) protectSocket(address.path)
    })
  }

  /** Where it listens. */
  get url(): string {
    const bound = this.#server.address()
    if (typeof bound === 'string') return `unix:${bound}`
    const { address, port, family } = bound as AddressInfo // null only before it listens
    const scheme = this.#server instanceof TlsServer ? 'https' : 'http'
    return `${scheme}://${family === 'IPv6' ? `[${address}]` : address}:${port}`
  }

  /**
   * Stops accepting connections and resolves when every request has been answered. Requests that arrive on open
   * connections meanwhile are served; every answer says `Connection: close`. After `timeoutMs` what is left is cut.
   */
  close(timeoutMs: number): Promise<void> {
    this.#closed ??= this.#close(timeoutMs)
    return this.#closed
  }

  async #close(timeoutMs: number): Promise<void> {
    this.#isClosing = true
    for (const res of this.#pending) res.shouldKeepAlive = false
    const limit = setTimeout(() => this.#cutAll(), timeoutMs)
    const quiet = setTimeout(() => this.#closeWhenIdle(), Math.min(QUIET_MS, timeoutMs))
    await new Promise((resolve) => {
      // Not the `close` of an HTTP server: it would cut idle connections at once, and reset what is on its way.
      NetServer.prototype.close.call(this.#server, resolve)
    })
    await this.#noneAccepted()
    for (const timer of [limit, quiet, this.#idleCheck]) clearTimeout(timer)
    // Ends Node's own search for requests that are over their time; it has nothing left to close.
    this.#server.close(() => undefined)
    await this.#lastEnded()
  }

  #closeWhenIdle(): void {
    this.#closeIdle()
    this.#idleCheck = setInterval(() => this.#closeIdle(), IDLE_CHECK_MS)
  }

  /** With no request pending, what is open has sent nothing, or half a head: nothing that was accepted. */
  #closeIdle(): void {
    this.#choice?.cutUndecided()
    if (this.#pending.size > 0) this.#server.closeIdleConnections()
    // Encrypted connections of HTTP/2 may be busy with what is no request here.
    else if (this.#choice !== undefined) this.#server.closeAllConnections()
    else this.#cutAll()
  }

  #cutAll(): void {
    this.#choice?.cutUndecided()
    this.#server.closeAllConnections()
    for (const socket of this.#encrypted) socket.destroy()
  }

  /** Cuts a connection with too many; what else was read from it is dropped. */
  #takesPipelined({ socket }: IncomingMessage, res: ServerResponse): boolean {
    const count = (this.#pipelined.get(socket) ?? 0) + 1
    if (count > MAX_PIPELINED_REQUESTS) socket.destroy()
    if (socket.destroyed) return false
    this.#pipelined.set(socket, count)
    res.once('close', () => this.#pipelined.set(socket, (this.#pipelined.get(socket) ?? 1) - 1))
    return true
  }

  #started(res: ServerResponse): PendingResponse {
    if (this.#isClosing) res.shouldKeepAlive = false
    return this.#pending.add(res)
  }

  #ended(place: PendingResponse): void {
    this.#pending.remove(place)
    if (this.#pending.size === 0) this.#onLastEnded?.()
  }

  /** The server itself counts those only that came in at its own port. */
  #noneAccepted(): Promise<void> {
    return new Promise((resolve) => {
      this.#onNoneAccepted = resolve
      if (this.#accepted.size === 0) resolve()
    })
  }

  /** Cut responses announce their end after the server does; who records them must not be closed before. */
  #lastEnded(): Promise<void> {
    return new Promise((resolve) => {
      this.#onLastEnded = resolve
      if (this.#pending.size === 0) resolve()
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
}

/** With TLS, the server follows its source of certificates: open connections keep theirs. */
function serverFor(policy: HttpPolicy, handle: RequestListener): Server {
  const { tls } = policy
  if (tls === undefined) return createServer(serverOptions(policy), handle)
  const protocols = policy.onHttp2 === undefined ? {} : { ALPNProtocols: ['h2', 'http/1.1'] }
  const options = { ...serverOptions(policy), ...tlsOptions(tls, policy), ...protocols }
  const server = createTlsServer(options, handle)
  const unsubscribe = tls.onChange((material) => {
    server.setSecureContext(contextOptions(material))
  })
  server.once('close', unsubscribe)
  return server
}

function choiceFor(
  server: Server,
  { tls, onHttp2, headersTimeoutMs }: HttpPolicy,
): ProtocolChoice | undefined {
  if (onHttp2 === undefined) return undefined
  const event = tls === undefined ? 'connection' : 'secureConnection'
  return new ProtocolChoice(server, { event, onHttp2, timeoutMs: headersTimeoutMs })
}

function serverOptions(policy: HttpPolicy) {
  return {
    IncomingMessage: IncomingRequest,
    maxHeaderSize: MAX_HEADER_BYTES,
    connectionsCheckingInterval: CONNECTIONS_CHECK_MS,
    // Node refuses a head limit beyond the limit of the whole request.
    headersTimeout: Math.min(policy.headersTimeoutMs, policy.requestTimeoutMs),
    requestTimeout: policy.requestTimeoutMs,
    keepAliveTimeout: policy.keepAliveTimeoutMs,
  }
}
