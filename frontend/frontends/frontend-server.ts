import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { errorRenderer, inferenceDialects } from '../compose-dialects.ts'
import { oipPartsOf, type OipParts } from '../compose-oip.ts'
import { isEncrypted, Security } from '../compose-security.ts'
import { systemClock } from '../core/clock.ts'
import { EventBus } from '../core/events.ts'
import { ByteBudget } from '../core/byte-budget.ts'
import { InferenceService } from '../core/inference.ts'
import { ModelMirror } from '../core/mirror/model-mirror.ts'
import { AttachedWorkerProcess } from '../core/workers/attached-process.ts'
import type { AppOptions } from '../http/app.ts'
import { HttpListener } from '../http/listener.ts'
import { PassOn } from '../http/pass-on.ts'
import { httpTransport } from '../http/transport.ts'
import { createLogger, type Logger } from '../observability/logger.ts'
import { quirksOf } from '../protocols/torchserve/quirks.ts'
import { combinedMount } from '../protocols/torchserve/routes.ts'
import type { KnownToken } from '../security/token.ts'
import { sequenceHeadersOf } from '../sequence-headers.ts'
import { packageVersion } from '../version.ts'
import { FactOutbox } from './facts.ts'
import { KnownCallers } from './known-callers.ts'
import { inferenceTarget } from './local-requests.ts'
import type { FromFrontend, FrontendSetup, Publication, ToFrontend } from './messages.ts'
import { NO_CONTROL } from './no-control.ts'

export type FrontendHost = {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly send: (message: FromFrontend) => void
}

/**
 * A frontend process beside the primary: answers inference on the connections that it is given, over the worker
 * processes of the primary, and passes everything else on.
 */
export class FrontendServer {
  readonly #setup: FrontendSetup
  readonly #host: FrontendHost
  readonly #logger: Logger
  readonly #events = new EventBus()
  readonly #mirror: ModelMirror
  readonly #outbox: FactOutbox
  readonly #security: Security
  readonly #oip: OipParts
  readonly #passOn: PassOn
  readonly #callers = new KnownCallers()
  readonly #listener: HttpListener
  #tokens: readonly KnownToken[]
  #seq = -1
  /** All that was published so far has been followed. */
  #followed: Promise<unknown> = Promise.resolve()

  constructor(setup: FrontendSetup, host: FrontendHost) {
    const { config } = setup
    this.#setup = setup
    this.#host = host
    this.#tokens = setup.tokens ?? []
    this.#logger = createLogger(config)
    this.#logger.use(setup.log.levels, setup.log.style)
    this.#mirror = this.#makeMirror()
    this.#outbox = new FactOutbox(
      this.#events,
      () => this.#mirror.entries(),
      (facts) => {
        host.send({ kind: 'facts', ...facts })
      },
    )
    this.#security = new Security({
      config,
      environment: host.environment,
      logger: this.#logger,
      hasQuirk: quirksOf(config.compatibility),
      tokens: setup.tokens === undefined ? 'none' : () => this.#tokens,
    })
    this.#passOn = new PassOn(setup.primarySocket, errorRenderer(quirksOf(config.compatibility)))
    const dataPlane = new InferenceService(this.#mirror.registry, {
      events: this.#events,
      clock: systemClock,
      budget: new ByteBudget(Math.floor(config.maxInFlightBytes / config.frontends)),
    })
    this.#oip = oipPartsOf(config, { events: this.#events, dataPlane }, this.#logger)
    this.#listener = this.#listenerOf(dataPlane)
  }

  /** Follows what the primary serves at this moment; then connections may come. */
  async start(): Promise<void> {
    const { channel, workerSockets, models } = this.#setup
    // First of all: whatever is published from now on is newer.
    const followed = this.#follow(models)
    // Node keeps the time limits of a server only that listens itself; nobody is told of this socket.
    await this.#listener.listen({ path: join(workerSockets, `frontend-${channel}.sock`) }, 'frontends')
    await followed
    this.#host.send({ kind: 'started' })
  }

  receive(message: Exclude<ToFrontend, { kind: 'setup' | 'close' }>, connection: Socket | undefined): void {
    switch (message.kind) {
      case 'connection':
        this.#take(connection)
        break
      case 'models':
        void this.#follow(message)
        break
      case 'tokens':
        this.#tokens = message.tokens
        break
      case 'log':
        this.#logger.use(message.levels, message.style)
        break
      case 'flush':
        this.#outbox.flush()
        this.#host.send({ kind: 'flushed', id: message.id })
        break
      default:
        message satisfies never
    }
  }

  /** Answers what has been accepted, then leaves the workers. */
  async close(timeoutMs: number): Promise<void> {
    await this.#listener.close(timeoutMs)
    await this.#mirror.close(timeoutMs)
    this.#outbox.flush()
    this.#passOn.close()
    this.#security.close()
    await this.#oip.close()
    await this.#logger.flush()
  }

  /** As sockets of an HTTP server are; those of another process come without it. */
  #take(connection: Socket | undefined): void {
    this.#host.send({ kind: 'taken' })
    if (connection === undefined) return // its client has left
    connection.allowHalfOpen = true
    this.#listener.accept(connection)
  }

  async #follow({ seq, models }: Publication): Promise<void> {
    // In order, though each model is followed at once: one publication says that all before it were followed, too.
    this.#followed = Promise.all([this.#followed, ...models.map((model) => this.#mirror.apply(model))])
    await this.#followed
    this.#seq = seq
    this.#tellFollowed()
  }

  /** After what has happened: of a version that is gone then, nothing more is to be told. */
  #tellFollowed(): void {
    this.#outbox.flush()
    this.#host.send({ kind: 'followed', seq: this.#seq, setIds: this.#mirror.setIds })
  }

  #makeMirror(): ModelMirror {
    const { config, channel, workerSockets } = this.#setup
    return new ModelMirror({
      events: this.#events,
      clock: systemClock,
      frontends: config.frontends,
      unregisterTimeoutMs: config.unregisterTimeoutMs,
      attach: (pid, threads, listener) =>
        new AttachedWorkerProcess(
          { pid, threads, channel, socketPath: join(workerSockets, `${pid}.sock`) },
          {
            listener,
            clock: systemClock,
            requestKill: (target, cause, detail) => {
              this.#host.send({ kind: 'kill', pid: target, cause, detail })
            },
          },
        ),
      onLeft: () => {
        this.#tellFollowed()
      },
    })
  }

  #listenerOf(dataPlane: InferenceService): HttpListener {
    const { config, guardKey, isLocal } = this.#setup
    const hasQuirk = quirksOf(config.compatibility)
    const guard = this.#security.guard(guardKey)
    guard.reachedBy({ isLocal })
    const mount = combinedMount(
      {
        inference: {
          dataPlane,
          maxRequestBytes: config.maxRequestBytes,
          sequenceHeaders: sequenceHeadersOf(config),
          transport: httpTransport,
          hasQuirk,
          serverVersion: packageVersion(),
          access: this.#security.access,
        },
      },
      inferenceDialects({ dataPlane, controlPlane: NO_CONTROL, config, oip: this.#oip }),
    )
    const options: AppOptions = {
      mounts: [mount],
      before: guard.before,
      renderError: errorRenderer(hasQuirk),
      compressMinBytes: config.compressMinBytes === 0 ? undefined : config.compressMinBytes,
      report: (error, requestId) => {
        this.#logger.failure(error, requestId)
      },
      onAccess: (record) => {
        this.#outbox.response(record)
        if (config.accessLog) this.#logger.access(record)
      },
      passOn: (req, res) => this.#passesOn(req, res),
    }
    const tls = isEncrypted(config[guardKey]) ? this.#security.tls : undefined
    const maxConnections = Math.ceil(config.maxConnections / config.frontends)
    return new HttpListener(options, { ...config, maxConnections, tls })
  }

  #passesOn(req: IncomingMessage, res: ServerResponse): boolean {
    const target = inferenceTarget(req)
    const isKnown = this.#setup.tokens === undefined || this.#callers.knows(req)
    if (target !== undefined && isKnown && this.#mirror.find(target) !== undefined) return false
    // What it answers may count on what was answered here.
    this.#outbox.flush()
    this.#passOn.pass(req, res, (status) => {
      if (target !== undefined) this.#callers.note(req, status)
    })
    return true
  }
}
