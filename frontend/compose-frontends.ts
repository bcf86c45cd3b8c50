import type { Socket } from 'node:net'
import { isEncrypted, type Security } from './compose-security.ts'
import type { HostProcess, Sharing } from './compose-core.ts'
import type { ComposedMetrics } from './compose-metrics.ts'
import { SETTINGS, type Config } from './config/schema.ts'
import { systemClock } from './core/clock.ts'
import type { ControlPlane } from './core/control-plane.ts'
import type { Core } from './core/create-core.ts'
import { Acceptor } from './frontends/acceptor.ts'
import { tellFacts } from './frontends/facts.ts'
import { Frontends } from './frontends/frontends.ts'
import type { FrontendSetup } from './frontends/messages.ts'
import { Publisher } from './frontends/publisher.ts'
import { settledControl } from './frontends/settled-control.ts'
import { SharedWorkers } from './frontends/shared-workers.ts'
import type { HttpListener } from './http/listener.ts'
import type { GuardedListener, HttpListeners } from './listeners.ts'
import type { ResponseFacts } from './observability/http-metrics.ts'
import type { Logger } from './observability/logger.ts'
import { moduleFile } from '../worker/contract/module-file.ts'
import { ServingError } from '../worker/contract/errors.ts'

export type FleetParts = {
  readonly core: Core
  readonly security: Security
  readonly logger: Logger
  readonly countResponse: (facts: ResponseFacts) => void
}

/** Longer than the requests of a version that leaves may take. */
const LEAVE_MARGIN_MS = 5000

/** The other frontend processes of a server, and all that they share with this one. Made only where there are some. */
export class Fleet {
  readonly #config: Config
  readonly #host: HostProcess
  readonly #workers = new SharedWorkers()
  #frontends: Frontends | undefined
  #publisher: Publisher | undefined
  #acceptor: Acceptor | undefined
  #behind: HttpListener | undefined
  #isLocal = true
  #closed: Promise<void> | undefined

  /** @throws ServingError `invalid_argument` where settings exclude each other */
  constructor(config: Config, host: HostProcess) {
    if (config.onePort) throw excludes(config, 'onePort')
    this.#config = config
    this.#host = host
  }

  /** For a person. */
  get report(): readonly string[] {
    const pids = [this.#host.pid, ...(this.#frontends?.pids ?? [])]
    return [`${pids.length} frontend processes share the inference address: ${pids.join(', ')}`]
  }

  /** For the core: workers that listen, and that end when nobody sends them anything. */
  get sharing(): Sharing {
    return {
      start: (command, spec, listener) => this.#workers.start(command, spec, listener),
      beforeStop: async ({ id }) => {
        const [frontends, publisher] = [this.#frontends, this.#publisher]
        if (frontends === undefined || publisher === undefined) return
        publisher.publish()
        await frontends.left(id, publisher.seq, this.#config.unregisterTimeoutMs + LEAVE_MARGIN_MS)
      },
    }
  }

  controlPlaneOf(control: ControlPlane): ControlPlane {
    return settledControl(control, () => this.settled())
  }

  /** Metrics that hold what has happened in all processes when they are shown. */
  metricsOf(metrics: ComposedMetrics): ComposedMetrics {
    return {
      ...metrics,
      render: async (...asked) => {
        await this.#frontends?.collect()
        return metrics.render(...asked)
      },
    }
  }

  /** Once everything is made: what the other processes are told of, and the listeners that they share. */
  join(listeners: HttpListeners, parts: FleetParts): HttpListeners {
    const { core, security, logger, countResponse } = parts
    const { inference } = listeners
    const { events, registry } = core
    const frontends = new Frontends({
      count: this.#config.frontends - 1,
      command: this.#command,
      clock: systemClock,
      random: Math.random,
      setup: () => this.#setupOf(inference, parts),
      onFacts: (facts) => {
        tellFacts(facts, { events, registry, countResponse })
      },
      onKill: (pid, cause, detail) => {
        this.#workers.kill(pid, cause, detail)
      },
      onOutput: (lines) => {
        logger.pass(lines)
      },
      serve: (connection) => {
        inference.accept(connection)
        connection.resume()
      },
      log: (level, message) => {
        logger.log(level, message)
      },
    })
    this.#frontends = frontends
    this.#publisher = new Publisher(events, registry, (publication) => {
      frontends.publish(publication)
    })
    security.authorization.onChange = (tokens) => {
      frontends.tell({ kind: 'tokens', tokens })
    }
    logger.onUse = (levels, style) => {
      frontends.tell({ kind: 'log', levels, style })
    }
    this.#behind = inference.behindFrontends()
    return this.#shared(listeners, frontends)
  }

  /** Before anything listens or loads. */
  async open(): Promise<void> {
    this.#workers.open(this.#config.stateDir)
    await this.#behind?.listen({ path: this.#workers.primarySocket }, SETTINGS.stateDir.property)
  }

  /** Once the address listens. Until they serve, this process does. */
  async start(): Promise<void> {
    await this.#frontends?.start()
  }

  /** Resolves when every process has followed what is changed so far. */
  async settled(): Promise<void> {
    this.#publisher?.publish()
    await this.#frontends?.followed(this.#publisher?.seq ?? 0)
  }

  /** With the listeners: what was accepted anywhere is answered. */
  close(timeoutMs: number): Promise<void> {
    this.#closed ??= this.#close(timeoutMs)
    return this.#closed
  }

  async #close(timeoutMs: number): Promise<void> {
    this.#acceptor?.close()
    await this.#frontends?.close(timeoutMs)
    await this.#behind?.close(timeoutMs)
  }

  /** After the workers. */
  remove(): void {
    this.#workers.close()
  }

  get #command() {
    const { execPath, execArgv } = this.#host
    return { execPath, args: [...execArgv, moduleFile(import.meta.url, './frontends/main.ts')] }
  }

  #setupOf({ key }: GuardedListener, { security, logger }: FleetParts): Omit<FrontendSetup, 'channel'> {
    const { authorization } = security
    if (key === 'metricsAddress') throw new ServingError('internal', 'inference has the rules of metrics')
    return {
      config: { ...this.#config, logFormat: logger.isPretty ? 'pretty' : 'json' },
      workerSockets: this.#workers.directory,
      primarySocket: this.#workers.primarySocket,
      guardKey: key,
      isLocal: this.#isLocal,
      tokens: authorization.isOn ? authorization.tokens : undefined,
      log: { levels: logger.levels, style: logger.style },
      models: this.#publisher?.whole() ?? { seq: 0, models: [] },
    }
  }

  /** The listeners, with one for inference that gives its connections to all processes in turn. */
  #shared(listeners: HttpListeners, frontends: Frontends): HttpListeners {
    const { inference } = listeners
    const give = (connection: Socket) => {
      frontends.give(connection)
    }
    const acceptor = new Acceptor(give, { isEncrypted: isEncrypted(this.#config[inference.key]) })
    this.#acceptor = acceptor
    const shared: GuardedListener = {
      ...inference,
      http: acceptor,
      guard: {
        ...inference.guard,
        reachedBy: (who) => {
          this.#isLocal = who.isLocal
          inference.guard.reachedBy(who)
        },
      },
      accept: give,
      close: async (timeoutMs) => {
        await Promise.all([inference.close(timeoutMs), this.close(timeoutMs)])
      },
    }
    const orShared = (listener: GuardedListener) => (listener === inference ? shared : listener)
    return {
      inference: shared,
      management: orShared(listeners.management),
      ...(listeners.metrics === undefined ? {} : { metrics: orShared(listeners.metrics) }),
    }
  }
}

function excludes(config: Config, key: 'onePort'): ServingError {
  const [frontends, other] = [SETTINGS.frontends.property, SETTINGS[key].property]
  return new ServingError(
    'invalid_argument',
    `${frontends}=${config.frontends} shares the inference address among processes, and ${other}=true has gRPC on it, which one process serves; leave one of them at its default`,
    { reason: 'config' },
  )
}
