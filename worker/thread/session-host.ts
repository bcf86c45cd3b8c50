import {
  buffersOf,
  sentError,
  wholeTensors,
  type SessionReply,
  type SessionRequest,
} from './session-messages.ts'
import type { Session } from './session.ts'

/** The end of a channel to a handler's thread. */
export interface HostPort {
  postMessage(reply: SessionReply, transfer: ArrayBuffer[]): void
  on(event: 'message', listener: (request: SessionRequest) => void): unknown
  on(event: 'close', listener: () => void): unknown
}

export type SessionHostOptions = {
  readonly open: () => Promise<Session>
  readonly nowMs: () => number
}

/**
 * Owns a session for other threads: one run at a time, in the order of their requests.
 *
 * A request that arrives while the session runs waits in its port, since a run blocks the thread. Nothing is done
 * between two runs but handing on the outputs of the one, so that the device idles as little as can be.
 */
export class SessionHost {
  readonly #session: Promise<Session>
  readonly #nowMs: () => number
  /** Resolves when what has been asked for so far is done. */
  #done: Promise<void> = Promise.resolve()

  constructor({ open, nowMs }: SessionHostOptions) {
    this.#nowMs = nowMs
    this.#session = open()
    // Each thread that asks is told.
    this.#session.catch(() => undefined)
  }

  /** Answers the requests of a thread until it ends: by `opened` or `refused` first. */
  serve(port: HostPort): void {
    let isClosed = false
    port.on('close', () => {
      isClosed = true
    })
    port.on('message', (request) => {
      this.#then(async () => {
        // A thread that has ended waits for nothing.
        if (!isClosed) await this.#answer(port, request)
      })
    })
    this.#then(async () => {
      try {
        const { inputs, outputs } = await this.#session
        port.postMessage({ kind: 'opened', inputs, outputs }, [])
      } catch (error) {
        port.postMessage({ kind: 'refused', error: sentError(error) }, [])
      }
    })
  }

  #then(work: () => Promise<void>): void {
    this.#done = this.#done.then(work)
  }

  async #answer(port: HostPort, request: SessionRequest): Promise<void> {
    switch (request.kind) {
      case 'run':
        await this.#run(port, request)
        return
      case 'release':
        // Also where it could not be opened.
        await this.#session.then((session) => session.release()).catch(() => undefined)
        port.postMessage({ kind: 'released' }, [])
        return
      default:
        request satisfies never
    }
  }

  async #run(port: HostPort, { id, feeds }: Extract<SessionRequest, { kind: 'run' }>): Promise<void> {
    const startedAtMs = this.#nowMs()
    try {
      const session = await this.#session
      const outputs = wholeTensors(await session.run(feeds))
      const runMs = this.#nowMs() - startedAtMs
      port.postMessage({ kind: 'ran', id, runMs, outputs }, buffersOf(outputs))
    } catch (error) {
      const runMs = this.#nowMs() - startedAtMs
      port.postMessage({ kind: 'failed', id, runMs, error: sentError(error) }, [])
    }
  }
}
