import type { Answer } from './answer-reader.ts'
import { gapsMs } from './arrivals.ts'
import { Connection, isConnectRefusal, type ConnectionEvents } from './connection.ts'
import type { LoadJob, LoadResult, OpenLoop } from './job.ts'
import type { Loop } from './loop.ts'
import { requestBytes } from './request-bytes.ts'
import { isAccepted, Tally } from './tally.ts'
import { Windows } from './windows.ts'

type OpenJob = Pick<LoadJob, 'port' | 'requests' | 'windowMs'> & { readonly loop: OpenLoop }

/** How long the end of a measurement waits for answers to requests that were due within it. */
const GRACE_MS = 1000
const POLL_MS = 5

export class RunningOpenLoop implements Loop {
  readonly broken: Promise<never>
  readonly #port: number
  readonly #requests: readonly Buffer[]
  readonly #maxConnections: number
  readonly #gapMs: () => number
  readonly #windows: Windows | undefined
  readonly #events: ConnectionEvents
  /** When the request under way was due, for each connection that has one. */
  readonly #dueAtMs = new Map<Connection, number>()
  readonly #idle: Connection[] = []
  /** When those were due that found no connection, oldest first from `#firstWaiting` on. */
  #waiting: number[] = []
  #firstWaiting = 0
  #nextDueAtMs = performance.now()
  #timer: NodeJS.Timeout | undefined
  #sent = 0
  #tally = new Tally()
  /** Requests due within are counted. */
  #fromMs = Infinity
  #untilMs = Infinity
  #due = 0

  constructor({ port, requests, loop, windowMs }: OpenJob) {
    this.#port = port
    this.#requests = requests.map(requestBytes)
    this.#maxConnections = loop.maxConnections
    this.#gapMs = gapsMs(loop)
    this.#windows = windowMs === undefined ? undefined : new Windows(windowMs)
    let onBroken = (_: Error): void => {}
    this.broken = new Promise((_, reject) => (onBroken = reject))
    this.#events = {
      onAnswer: (connection, answer) => this.#answered(connection, answer),
      onLost: (connection, error) => (isConnectRefusal(error) ? onBroken(error) : this.#lost(connection)),
    }
    this.#sendWhatIsDue()
  }

  #sendWhatIsDue(): void {
    const now = performance.now()
    while (this.#nextDueAtMs <= now) {
      this.#arrive(this.#nextDueAtMs)
      this.#nextDueAtMs += this.#gapMs()
    }
    this.#timer = setTimeout(() => this.#sendWhatIsDue(), this.#nextDueAtMs - performance.now())
  }

  #arrive(dueAtMs: number): void {
    if (this.#counts(dueAtMs)) this.#due++
    const connection = this.#idle.pop() ?? this.#opened()
    if (connection === undefined) this.#waiting.push(dueAtMs)
    else this.#send(connection, dueAtMs)
  }

  #counts(dueAtMs: number): boolean {
    return dueAtMs >= this.#fromMs && dueAtMs < this.#untilMs
  }

  #opened(): Connection | undefined {
    if (this.#dueAtMs.size >= this.#maxConnections) return undefined
    return new Connection(this.#port, this.#events)
  }

  #send(connection: Connection, dueAtMs: number): void {
    this.#dueAtMs.set(connection, dueAtMs)
    if (this.#counts(dueAtMs)) this.#tally.sent(performance.now() - dueAtMs)
    connection.send(this.#requests[this.#sent++ % this.#requests.length] ?? Buffer.alloc(0))
  }

  #answered(connection: Connection, answer: Answer): void {
    const dueAtMs = this.#dueAtMs.get(connection) ?? NaN
    this.#dueAtMs.delete(connection)
    if (this.#counts(dueAtMs)) this.#count(answer, dueAtMs)
    if (!answer.isKeptAlive) connection.close()
    this.#sendOldestWaiting(answer.isKeptAlive ? connection : undefined)
  }

  #count(answer: Answer, dueAtMs: number): void {
    const latencyMs = performance.now() - dueAtMs
    this.#tally.answered(answer, latencyMs)
    this.#windows?.answered(dueAtMs - this.#fromMs, latencyMs, isAccepted(answer.status))
  }

  #sendOldestWaiting(free: Connection | undefined): void {
    const dueAtMs = this.#waiting[this.#firstWaiting]
    if (dueAtMs === undefined) {
      if (free !== undefined) this.#idle.push(free)
      return
    }
    const connection = free ?? this.#opened()
    if (connection === undefined) return
    this.#firstWaiting++
    if (this.#firstWaiting === this.#waiting.length) [this.#waiting, this.#firstWaiting] = [[], 0]
    this.#send(connection, dueAtMs)
  }

  #lost(connection: Connection): void {
    const dueAtMs = this.#dueAtMs.get(connection)
    this.#dueAtMs.delete(connection)
    const idleAt = this.#idle.indexOf(connection)
    if (idleAt !== -1) this.#idle.splice(idleAt, 1)
    if (dueAtMs !== undefined && this.#counts(dueAtMs)) this.#tally.broke()
    this.#sendOldestWaiting(undefined)
  }

  async startMeasuring(): Promise<void> {
    this.#tally = new Tally()
    this.#fromMs = performance.now()
  }

  async result(): Promise<LoadResult> {
    this.#untilMs = performance.now()
    // The timer may be late for the last of them.
    clearTimeout(this.#timer)
    this.#sendWhatIsDue()
    const deadlineMs = this.#untilMs + GRACE_MS
    while (this.#unanswered() > 0 && performance.now() < deadlineMs) await pause(POLL_MS)
    const result = this.#tally.result(this.#unanswered(), this.#untilMs - this.#fromMs)
    return this.#windows === undefined ? result : { ...result, windows: this.#windows.result() }
  }

  #unanswered(): number {
    return this.#due - this.#tally.settled
  }

  close(): void {
    clearTimeout(this.#timer)
    for (const connection of [...this.#idle, ...this.#dueAtMs.keys()]) connection.close()
  }
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
