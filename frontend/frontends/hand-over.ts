import type { Socket } from 'node:net'

/**
 * Sends a connection to another process. `onFailed` is called instead of its answer if it never gets there.
 *
 * @returns false, and has done nothing, when there is no way to that process any more
 */
export type SendConnection = (connection: Socket, onFailed: () => void) => boolean

/** Hands connections over one at a time: what has not been sent when the other process ends can be served elsewhere. */
export class HandOver {
  readonly #send: SendConnection
  readonly #waiting: Socket[] = []
  #isOnTheWay = false

  constructor(send: SendConnection) {
    this.#send = send
  }

  /** Connections that wait for their turn. */
  get backlog(): number {
    return this.#waiting.length
  }

  give(connection: Socket): void {
    this.#waiting.push(connection)
    this.#giveNext()
  }

  /** The other process has the one that was on its way. */
  taken(): void {
    this.#isOnTheWay = false
    this.#giveNext()
  }

  /** Gives up. @returns what was never sent */
  stop(): readonly Socket[] {
    this.#isOnTheWay = true
    return this.#waiting.splice(0)
  }

  #giveNext(): void {
    const [connection] = this.#waiting
    if (this.#isOnTheWay || connection === undefined) return
    this.#isOnTheWay = this.#send(connection, () => {
      connection.destroy()
      this.taken()
    })
    if (this.#isOnTheWay) this.#waiting.shift()
  }
}
