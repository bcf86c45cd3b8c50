import type { Answer } from './answer-reader.ts'
import { Connection, isConnectRefusal, type ConnectionEvents } from './connection.ts'
import type { ClosedLoop, LoadJob, LoadResult } from './job.ts'
import type { Loop } from './loop.ts'
import { requestBytes } from './request-bytes.ts'
import { Tally } from './tally.ts'

type ClosedJob = Pick<LoadJob, 'port' | 'requests'> & { readonly loop: ClosedLoop }

/** How long either end of a measurement waits for an answer. */
const MAX_WAIT_MS = 10_000

/**
 * Measures from an answer to an answer. The answers of a batch come together; between two arbitrary times there would be
 * one batch more or less, which is much where a batch takes as long as a fifth of the measurement.
 */
export class RunningClosedLoop implements Loop {
  readonly broken: Promise<never>
  readonly #port: number
  readonly #requests: readonly Buffer[]
  readonly #pauseMs: number
  readonly #sentAtMs = new Map<Connection, number>()
  readonly #pauses = new Set<NodeJS.Timeout>()
  readonly #events: ConnectionEvents
  #sent = 0
  #onSettled = (): void => {}
  #tally = new Tally()

  constructor({ port, requests, loop }: ClosedJob) {
    this.#port = port
    this.#requests = requests.map(requestBytes)
    this.#pauseMs = loop.pauseMs ?? 0
    let onBroken = (_: Error): void => {}
    this.broken = new Promise((_, reject) => (onBroken = reject))
    this.#events = {
      onAnswer: (connection, answer) => this.#answered(connection, answer),
      onLost: (connection, error) => (isConnectRefusal(error) ? onBroken(error) : this.#lost(connection)),
    }
    for (let index = 0; index < loop.connections; index++) this.#open()
  }

  #open(): void {
    this.#send(new Connection(this.#port, this.#events))
  }

  #send(connection: Connection): void {
    this.#sentAtMs.set(connection, performance.now())
    connection.send(this.#requests[this.#sent++ % this.#requests.length] ?? Buffer.alloc(0))
  }

  #answered(connection: Connection, answer: Answer): void {
    this.#tally.answered(answer, performance.now() - (this.#sentAtMs.get(connection) ?? NaN))
    this.#onSettled()
    if (!answer.isKeptAlive) this.#forget(connection)
    const next = () => (answer.isKeptAlive ? this.#send(connection) : this.#open())
    if (this.#pauseMs === 0) next()
    else this.#afterPause(next)
  }

  #afterPause(next: () => void): void {
    const pause = setTimeout(() => {
      this.#pauses.delete(pause)
      next()
    }, this.#pauseMs)
    this.#pauses.add(pause)
  }

  #lost(connection: Connection): void {
    this.#forget(connection)
    this.#tally.broke()
    this.#onSettled()
    this.#open()
  }

  #forget(connection: Connection): void {
    this.#sentAtMs.delete(connection)
    connection.close()
  }

  startMeasuring(): Promise<void> {
    return this.#atNextAnswer(() => {
      this.#tally = new Tally()
    })
  }

  result(): Promise<LoadResult> {
    return this.#atNextAnswer(() => this.#tally.result())
  }

  /** Behind its count. */
  #atNextAnswer<T>(action: () => T): Promise<T> {
    return new Promise((resolve) => {
      const act = () => {
        clearTimeout(timer)
        this.#onSettled = () => {}
        resolve(action())
      }
      const timer = setTimeout(act, MAX_WAIT_MS)
      this.#onSettled = act
    })
  }

  close(): void {
    for (const pause of this.#pauses) clearTimeout(pause)
    for (const connection of this.#sentAtMs.keys()) connection.close()
  }
}
