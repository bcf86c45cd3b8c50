import type { EventBus } from '../core/events.ts'
import { keyOf } from '../core/mirror/published.ts'
import type { ModelRegistry } from '../core/model-registry.ts'
import type { ModelVersion } from '../core/model-version.ts'
import type { ResponseFacts } from '../observability/http-metrics.ts'
import type { Facts, ForwardedEvent } from './messages.ts'

/** How long facts wait for others; whoever asks for them does not wait. */
const FLUSH_MS = 100
/** More are told at once. */
const MAX_WAITING = 4096

/** Collects what happens in a frontend process, for the primary to tell. */
export class FactOutbox {
  readonly #send: (facts: Facts) => void
  readonly #versions: () => Iterable<readonly [key: number, version: ModelVersion]>
  #events: ForwardedEvent[] = []
  #responses: ResponseFacts[] = []
  #timer: NodeJS.Timeout | undefined

  /** @param versions whose statistics are told, with their keys */
  constructor(
    events: EventBus,
    versions: () => Iterable<readonly [key: number, version: ModelVersion]>,
    send: (facts: Facts) => void,
  ) {
    this.#versions = versions
    this.#send = send
    events.on('requestFinished', (fact) => {
      this.#add(['requestFinished', fact])
    })
    events.on('requestRejected', (fact) => {
      this.#add(['requestRejected', fact])
    })
    events.on('batchFinished', (fact) => {
      this.#add(['batchFinished', fact])
    })
  }

  response({ status, requestBytes, responseBytes }: ResponseFacts): void {
    this.#responses.push({ status, requestBytes, responseBytes })
    this.#flushSoon()
  }

  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const statistics: Facts['statistics'][number][] = []
    for (const [key, version] of this.#versions()) {
      const delta = version.statistics.take()
      if (delta !== undefined) statistics.push([key, delta])
    }
    const [events, responses] = [this.#events, this.#responses]
    if (events.length + responses.length + statistics.length === 0) return
    this.#events = []
    this.#responses = []
    this.#send({ events, responses, statistics })
  }

  #add(event: ForwardedEvent): void {
    this.#events.push(event)
    this.#flushSoon()
  }

  #flushSoon(): void {
    if (this.#events.length + this.#responses.length >= MAX_WAITING) this.flush()
    else this.#timer ??= setTimeout(() => this.flush(), FLUSH_MS)
  }
}

export type FactListeners = {
  readonly events: EventBus
  readonly registry: ModelRegistry
  readonly countResponse: (facts: ResponseFacts) => void
}

/** Tells, in the primary, what has happened in another frontend process, as if it had happened here. */
export function tellFacts(
  { events: happened, responses, statistics }: Facts,
  listeners: FactListeners,
): void {
  const { events, registry, countResponse } = listeners
  for (const event of happened) {
    switch (event[0]) {
      case 'requestFinished':
        events.emit(event[0], event[1])
        break
      case 'requestRejected':
        events.emit(event[0], event[1])
        break
      case 'batchFinished':
        events.emit(event[0], event[1])
        break
      default:
        event satisfies never
    }
  }
  for (const response of responses) countResponse(response)
  if (statistics.length === 0) return
  const deltas = new Map(statistics)
  for (const version of registry.all()) {
    const delta = deltas.get(keyOf(version))
    if (delta !== undefined) version.statistics.add(delta)
  }
}
