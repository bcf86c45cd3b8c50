import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { ServingError } from '../worker/contract/errors.ts'
import { SETTINGS, type Config } from './config/schema.ts'
import { listenError } from './http/listen-error.ts'

/** A listener that serves what another port has accepted, by its own rules. */
export type PortOwner = {
  accept(socket: Socket): void
  close(timeoutMs: number): Promise<void>
}

const PORTS = {
  tritonHttp: { on: 'tritonPorts', port: 'tritonHttpPort', owner: 'inference' },
  tritonGrpc: { on: 'tritonPorts', port: 'tritonGrpcPort', owner: 'grpcInference' },
  tritonMetrics: { on: 'tritonPorts', port: 'tritonMetricsPort', owner: 'metrics' },
  tfservingGrpc: { on: 'tfservingPorts', port: 'tfservingGrpcPort', owner: 'grpcInference' },
  tfservingRest: { on: 'tfservingPorts', port: 'tfservingRestPort', owner: 'inference' },
} as const satisfies Readonly<Record<string, ExtraPort>>

type ExtraPort = {
  readonly on: 'tritonPorts' | 'tfservingPorts'
  readonly port: keyof Config
  readonly owner: OwnerName
}

export type ExtraPortName = keyof typeof PORTS
type OwnerName = 'inference' | 'metrics' | 'grpcInference'

/** Those that are switched off are absent. */
export type PortOwners = Partial<Readonly<Record<OwnerName, PortOwner>>>

/** Where a listener listens: a URL, or `host:port`. */
type OwnerAddresses = Partial<Readonly<Record<OwnerName, string>>>

/**
 * Further ports of listeners, for clients that look where another server listens. A port hands its connections to
 * its listener, so that routes, tokens, encryption and limits are the same wherever a client comes in.
 */
export class ExtraPorts {
  readonly #config: Config
  readonly #owners: PortOwners
  readonly #servers = new Map<Server, PortOwner>()
  readonly #sockets = new Set<Socket>()

  constructor(config: Config, owners: PortOwners) {
    this.#config = config
    this.#owners = owners
  }

  /**
   * Starts to listen, on the hosts of the listeners: these have been admitted by the policy.
   *
   * @returns where, by the names of the ports
   * @throws ServingError `failed_precondition` for a port that cannot be had | `invalid_argument` for a listener
   * that has no host
   */
  async listen(addresses: OwnerAddresses): Promise<Partial<Record<ExtraPortName, string>>> {
    const found: Partial<Record<ExtraPortName, string>> = {}
    for (const [name, extra] of Object.entries(PORTS)) {
      const [owner, address] = [this.#owners[extra.owner], addresses[extra.owner]]
      if (!this.#config[extra.on] || owner === undefined || address === undefined) continue
      const { scheme, host } = hostOf(address, SETTINGS[extra.on].property)
      const bound = await this.#open(
        owner,
        { host, port: this.#config[extra.port] },
        SETTINGS[extra.port].property,
      )
      found[name as ExtraPortName] = `${scheme}${bound}` // a name of the table
    }
    return found
  }

  /** With its listeners: each ends its connections wherever they came in, and what is left is cut. */
  async close(timeoutMs: number): Promise<void> {
    const closed = [...this.#servers.keys()].map((server) => new Promise((resolve) => server.close(resolve)))
    await Promise.all([...this.#servers.values()].map((owner) => owner.close(timeoutMs)))
    for (const socket of this.#sockets) socket.destroy()
    await Promise.all(closed)
  }

  #follow(socket: Socket): void {
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
  }

  #open(
    owner: PortOwner,
    address: { readonly host: string; readonly port: number },
    setting: string,
  ): Promise<string> {
    // As the servers of HTTP have it; the sockets of gRPC end as a whole.
    const isGivenAway = this.#config.frontends > 1 && owner === this.#owners.inference
    const server = createServer(
      { allowHalfOpen: owner !== this.#owners.grpcInference, noDelay: true, pauseOnConnect: isGivenAway },
      (socket) => {
        // Its end is not heard of here when it has gone to another process.
        if (!isGivenAway) this.#follow(socket)
        owner.accept(socket)
      },
    )
    server.maxConnections = this.#config.maxConnections
    this.#servers.set(server, owner)
    return new Promise((resolve, reject) => {
      // Stays: an error event without a listener would end the process, also long after this promise settled.
      server.on('error', (error) => reject(listenError(error, address, setting)))
      server.listen(address.port, address.host, () => resolve(boundAddress(server)))
    })
  }
}

function boundAddress(server: Server): string {
  const { address, port, family } = server.address() as AddressInfo // bound to a host and port, no pipe
  return `${family === 'IPv6' ? `[${address}]` : address}:${port}`
}

const ADDRESS = /^(https?:\/\/)?(?:\[([^\]]+)\]|([^:/]+)):\d+$/

function hostOf(address: string, setting: string): { readonly scheme: string; readonly host: string } {
  const [, scheme = '', v6, host = v6] = ADDRESS.exec(address) ?? []
  if (host !== undefined) return { scheme, host }
  throw new ServingError(
    'invalid_argument',
    `${setting}=true needs listeners with a host, and one listens on ${address}; give it a host and a port`,
    { reason: 'config' },
  )
}
