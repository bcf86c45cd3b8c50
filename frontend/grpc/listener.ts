import { Server, ServerCredentials, type ChannelOptions } from '@grpc/grpc-js'
import { createServer, type AddressInfo, type Server as NetServer, type Socket } from 'node:net'
import type { ServingError } from '../../worker/contract/errors.ts'
import { Dispatcher, type DispatcherOptions } from './dispatcher.ts'
import { Gate, type Authorize } from './gate.ts'
import { Health, type HealthSource } from './health.ts'
import { widenWindows } from './http2-server.ts'
import { addReflection } from './reflection.ts'
import { ServiceTable } from './service-table.ts'
import type { GrpcService } from './service.ts'
import { shareConnections, type OnOtherRequest } from './shared-connections.ts'

export type GrpcPolicy = {
  readonly maxRequestBytes: number
  readonly requestTimeoutMs: number
  readonly maxConnections: number
  /** 0: connections may grow as old as they like. */
  readonly maxConnectionAgeMs: number
  /** After its age is over, how long the calls of a connection may take to end; 0: as long as they like. */
  readonly maxConnectionAgeGraceMs: number
}

/** Where to listen; port 0 is any free one. */
export type GrpcAddress = { readonly host: string; readonly port: number }

/** How a listener speaks TLS: a server of `node:tls` whose material may be renewed while it runs. */
export type SecureServer = (onConnection: (socket: Socket) => void) => NetServer

export type GrpcOptions = DispatcherOptions & {
  readonly services: readonly GrpcService[]
  readonly health: HealthSource
  readonly authorize: Authorize
  /** Says which address could not be had, and what to do. */
  readonly listenError: (error: NodeJS.ErrnoException, address: GrpcAddress, setting: string) => ServingError
  /** Absent: plain text. */
  readonly secureServer?: SecureServer
  /** Takes what is no gRPC on the connections it is given; absent: that is refused. */
  readonly onOtherRequest?: OnOtherRequest | undefined
}

/** Calls at once on one connection; a client with more waits on its side. */
const MAX_CONCURRENT_CALLS = 1000
/** A peer that is gone without a word is noticed by a ping after this time, and its calls are ended. */
const KEEPALIVE_MS = 60_000
const KEEPALIVE_TIMEOUT_MS = 20_000
/** Clients connect again by themselves. */
const MAX_CONNECTION_IDLE_MS = 300_000

/**
 * One address that serves gRPC, with health and reflection beside the services it is given.
 *
 * The sockets are this class' own, not grpc-js': so an address in use is told by its error, not by a text,
 * connections are counted, TLS material can be renewed, and what is left when time is up can be cut.
 */
export class GrpcListener {
  readonly #options: GrpcOptions
  readonly #netServer: NetServer
  readonly #injector: ReturnType<Server['createConnectionInjector']>
  readonly #dispatcher: Dispatcher
  readonly #health: Health
  readonly #table: ServiceTable
  readonly #gate: Gate
  readonly #sockets = new Set<Socket>()
  #closed: Promise<void> | undefined
  #onLastSocket: () => void = () => undefined

  constructor(options: GrpcOptions, policy: GrpcPolicy) {
    this.#options = options
    this.#dispatcher = new Dispatcher(options)
    this.#health = new Health(options.health)
    this.#table = new ServiceTable({ ...options, services: [...options.services, this.#health.service] })
    this.#gate = gateOf(this.#table, options.authorize, policy)
    const server = this.#grpcServer(policy)
    this.#injector = server.createConnectionInjector(ServerCredentials.createInsecure())
    widenWindows(server)
    if (options.onOtherRequest !== undefined) shareConnections(server, options.onOtherRequest)
    const serve = (socket: Socket) => {
      this.#inject(socket)
    }
    this.#netServer = options.secureServer?.(serve) ?? createServer(serve)
    this.#netServer.maxConnections = policy.maxConnections
    // Also those whose handshake is not done, which `serve` has not seen.
    this.#netServer.on('connection', (socket) => {
      this.#track(socket)
    })
  }

  /** Serves a connection that another listener has accepted, until this one closes. */
  serve(socket: Socket): void {
    this.#track(socket)
    this.#inject(socket)
  }

  /** Serves a connection that another port has accepted, as if it had come in here: encrypted where this is. */
  accept(socket: Socket): void {
    this.#netServer.emit('connection', socket)
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket)
    socket.once('close', () => {
      this.#sockets.delete(socket)
      if (this.#sockets.size === 0) this.#onLastSocket()
    })
  }

  /** A handshake may end after the listener has begun to close. */
  #inject(socket: Socket): void {
    if (this.#closed === undefined) this.#injector.injectConnection(socket)
    else socket.destroy()
  }

  #grpcServer(policy: GrpcPolicy): Server {
    const services = [...this.#options.services, this.#health.service]
    const server = new Server({ ...channelOptions(policy), interceptors: [this.#gate.interceptor] })
    this.#table.addTo(server, this.#dispatcher, this.#gate)
    addReflection(
      server,
      services.map(({ name }) => name),
    )
    return server
  }

  /**
   * Starts to listen.
   *
   * @param setting the name of the setting that holds the port, for error messages
   * @returns `host:port`, with the port that the operating system chose when `port` is 0
   * @throws ServingError `failed_precondition` naming address and setting
   */
  listen(address: GrpcAddress, setting: string): Promise<string> {
    return new Promise((resolve, reject) => {
      // Stays: an error event without a listener would end the process, also long after this promise settled.
      this.#netServer.on('error', (error) => reject(this.#options.listenError(error, address, setting)))
      this.#netServer.listen(address.port, address.host, () => resolve(this.target))
    })
  }

  /** Where it listens, in the form that gRPC clients take. */
  get target(): string {
    const { address, port, family } = this.#netServer.address() as AddressInfo // bound to a host and port, no pipe
    return `${family === 'IPv6' ? `[${address}]` : address}:${port}`
  }

  /** Tells those who watch the health of services. */
  announceHealth(): void {
    this.#health.announce()
  }

  /**
   * Stops accepting connections, tells clients to go elsewhere, and resolves when every call has ended. Calls that
   * clients have sent already are served; after `timeoutMs` what is left is cut.
   */
  close(timeoutMs: number): Promise<void> {
    this.#closed ??= this.#close(timeoutMs)
    return this.#closed
  }

  async #close(timeoutMs: number): Promise<void> {
    const closed = new Promise((resolve) => this.#netServer.close(resolve))
    this.#health.close()
    this.#gate.close()
    const ended = this.#dispatcher.close()
    // Gently, whatever its name: sessions are told to open no more calls, and end with their last one. Its `drain`
    // would end those that are late with CANCELLED, as if their clients had wanted it.
    this.#injector.destroy()
    const limit = setTimeout(() => {
      this.#cut()
    }, timeoutMs)
    await Promise.all([closed, ended, this.#lastSocket()])
    clearTimeout(limit)
  }

  /** Other requests than gRPC's may still be answered on connections that were given to it. */
  #lastSocket(): Promise<void> {
    return new Promise((resolve) => {
      this.#onLastSocket = resolve
      if (this.#sockets.size === 0) resolve()
    })
  }

  #cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }
}

function gateOf(table: ServiceTable, authorize: Authorize, { requestTimeoutMs }: GrpcPolicy): Gate {
  const { isOpen, isEndless, scopeOf, refuse } = table
  return new Gate({ authorize, isOpen, isEndless, scopeOf, refuse, requestTimeoutMs })
}

function channelOptions(policy: GrpcPolicy): ChannelOptions {
  const { maxRequestBytes, maxConnectionAgeMs, maxConnectionAgeGraceMs } = policy
  return {
    'grpc.max_receive_message_length': maxRequestBytes,
    'grpc.max_send_message_length': -1,
    'grpc.max_concurrent_streams': MAX_CONCURRENT_CALLS,
    'grpc.keepalive_time_ms': KEEPALIVE_MS,
    'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS,
    'grpc.max_connection_idle_ms': MAX_CONNECTION_IDLE_MS,
    // Introspection of grpc-js that nobody asks here; it costs time and memory for each connection.
    'grpc.enable_channelz': 0,
    ...(maxConnectionAgeMs === 0 ? {} : { 'grpc.max_connection_age_ms': maxConnectionAgeMs }),
    ...(maxConnectionAgeGraceMs === 0 ? {} : { 'grpc.max_connection_age_grace_ms': maxConnectionAgeGraceMs }),
  }
}
