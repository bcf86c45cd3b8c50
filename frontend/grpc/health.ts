import { healthUnknown } from './errors.ts'
import type { GrpcService } from './service.ts'

/** What is healthy. `''` is the server as a whole, by the protocol. */
export type HealthSource = {
  /** Undefined: there is no such service. */
  readonly isServing: (service: string) => boolean | undefined
  readonly services: () => readonly string[]
}

type Status = 'SERVING' | 'NOT_SERVING' | 'SERVICE_UNKNOWN'

/** How often watchers are compared with the truth; events may tell them sooner. */
const RECHECK_MS = 1000

/**
 * The standard health service. It keeps no statuses of its own: each answer is what is true at that moment.
 *
 * @see https://github.com/grpc/grpc/blob/master/doc/health-checking.md
 */
export class Health {
  readonly #source: HealthSource
  readonly #watchers = new Set<{ readonly announce: () => void; readonly end: () => void }>()
  #recheck: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(source: HealthSource) {
    this.#source = source
  }

  readonly service: GrpcService = {
    name: 'grpc.health.v1.Health',
    openMethods: ['Check', 'Watch', 'List'],
    methods: {
      Check: { kind: 'unary', answer: (_call, request) => this.#check(serviceOf(request)) },
      List: { kind: 'unary', answer: () => this.#list() },
      Watch: {
        kind: 'server_stream',
        answer: (call, request, send) => this.#watch(serviceOf(request), call.signal, send),
      },
    },
  }

  /** Tells watchers whose status is another one now. */
  announce(): void {
    for (const { announce } of this.#watchers) announce()
  }

  /** Ends all watches, with what is true last. */
  close(): void {
    this.#isClosed = true
    this.announce()
    for (const { end } of this.#watchers) end()
  }

  #check(service: string): object {
    const status = this.#statusOf(service)
    if (status === 'SERVICE_UNKNOWN') throw healthUnknown(service, this.#source.services())
    return { status }
  }

  #list(): object {
    const services = ['', ...this.#source.services()]
    return { statuses: services.map((key) => ({ key, value: { status: this.#statusOf(key) } })) }
  }

  async #watch(service: string, signal: AbortSignal, send: (message: object) => void): Promise<void> {
    let last: Status | undefined
    const announce = () => {
      const status = this.#statusOf(service)
      if (status === last) return
      last = status
      send({ status })
    }
    announce()
    if (this.#isClosed || signal.aborted) return
    await this.#untilEnd(announce, signal)
  }

  async #untilEnd(announce: () => void, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = deferred()
    const watcher = { announce, end: resolve }
    this.#watchers.add(watcher)
    this.#recheck ??= setInterval(() => {
      this.announce()
    }, RECHECK_MS).unref()
    signal.addEventListener('abort', resolve)
    await promise
    this.#watchers.delete(watcher)
    if (this.#watchers.size > 0) return
    clearInterval(this.#recheck)
    this.#recheck = undefined
  }

  #statusOf(service: string): Status {
    const isServing = this.#source.isServing(service)
    if (isServing === undefined) return 'SERVICE_UNKNOWN'
    return isServing ? 'SERVING' : 'NOT_SERVING'
  }
}

function serviceOf(request: unknown): string {
  return (request as { readonly service: string }).service // of a decoded HealthCheckRequest
}

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve: () => void = () => undefined
  const promise = new Promise<void>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}
