import { setTimeout as delay } from 'node:timers/promises'
import { ServingError } from '../contract/errors.ts'
import { frameHeader, frameOf, type Frame } from '../contract/frame.ts'
import type { LoadSpec, LogRecord } from '../contract/messages.ts'
import { LiveList } from '../contract/live-list.ts'
import { memberFromCancelFrame } from '../contract/piece-codec.ts'
import { ThreadPool } from './thread-pool.ts'

/** Sessions get this long to be released: ending the process frees their memory anyway. */
const RELEASE_TIMEOUT_MS = 1000

export type FrameRouterOptions = {
  /** @param sent is called when the frame has been handed to the system */
  readonly send: (frame: Uint8Array, sent?: () => void) => void
  /** Ends the process after everything sent has left it. */
  readonly end: () => void
}

/** Acts on the frames of the frontend: `load` first, then `run` and `cancel` at any time, `stop` last. */
export class FrameRouter {
  readonly #options: FrameRouterOptions
  readonly #running = new LiveList<Promise<void>>()
  #pool: ThreadPool | undefined

  constructor(options: FrameRouterOptions) {
    this.#options = options
  }

  /** @throws ServingError `internal` for a frame that is out of order, or not for a worker process. */
  receive(frame: Frame): void {
    switch (frame.kind) {
      case 'load':
        this.#load(frameHeader(frame.buffer) as LoadSpec) // both ends are one build
        return
      case 'run':
        this.#run(frame)
        return
      case 'stop':
        void this.#stop()
        return
      case 'cancel':
        this.#pool?.cancel({ batchId: frame.id, member: memberFromCancelFrame(frame.buffer) })
        return
      case 'attach':
      case 'started':
      case 'instance':
      case 'result':
      case 'piece':
      case 'metrics':
      case 'lost':
      case 'log':
        throw outOfOrder(frame)
      default:
        frame.kind satisfies never
    }
  }

  #load(spec: LoadSpec): void {
    const { send } = this.#options
    this.#pool = new ThreadPool(spec, {
      onInstance: (header) => {
        send(frameOf('instance', header))
      },
      onLog: (log) => {
        send(log)
      },
      onFrame: send,
      onDeath: (result) => {
        send(result)
      },
      onSessionEnd: (why) => {
        const message = `the thread that owns the session ended, and the process with it: ${why}`
        send(frameOf('log', { level: 'error', message } satisfies LogRecord))
        this.#options.end()
      },
    })
  }

  #run(frame: Frame): void {
    if (this.#pool === undefined) throw outOfOrder(frame)
    const running = this.#pool.run(frame).then((result) => {
      this.#options.send(result)
      this.#running.remove(place)
    })
    const place = this.#running.add(running)
  }

  async #stop(): Promise<void> {
    await Promise.all(this.#running)
    const released = this.#pool?.release().catch(() => undefined) // the process ends in any case
    await Promise.race([released, delay(RELEASE_TIMEOUT_MS)])
    this.#options.end()
  }
}

function outOfOrder(frame: Frame): ServingError {
  return new ServingError('internal', `a worker process received the frame '${frame.kind}' out of order`)
}
