import { isAlone, type Frame } from '../contract/frame.ts'

/**
 * Lets the batches of several senders to the threads in the order of their arrival. One that has to be alone waits
 * until nothing runs, and holds back those that come behind it: each sender sees to that for itself, and cannot for
 * the others.
 */
export class BatchTurns {
  readonly #start: (frame: Frame) => void
  readonly #waiting: Frame[] = []
  #running = 0
  #isAloneRunning = false

  /** @param start takes a `run` frame whose turn it is */
  constructor(start: (frame: Frame) => void) {
    this.#start = start
  }

  arrive(frame: Frame): void {
    if (this.#waiting.length > 0 || !this.#mayStart(frame)) this.#waiting.push(frame)
    else this.#begin(frame)
  }

  /** One of those that were started has ended. */
  ended(): void {
    this.#running -= 1
    this.#isAloneRunning = false // what ran beside an alone one was nothing
    this.#startWaiting()
  }

  /** Forgets those that wait and that nobody wants any more. */
  drop(isUnwanted: (frame: Frame) => boolean): void {
    const wanted = this.#waiting.filter((frame) => !isUnwanted(frame))
    this.#waiting.splice(0, this.#waiting.length, ...wanted)
    this.#startWaiting()
  }

  #startWaiting(): void {
    for (let next = this.#waiting[0]; next !== undefined && this.#mayStart(next); next = this.#waiting[0]) {
      this.#waiting.shift()
      this.#begin(next)
    }
  }

  #mayStart({ buffer }: Frame): boolean {
    return isAlone(buffer) ? this.#running === 0 : !this.#isAloneRunning
  }

  #begin(frame: Frame): void {
    this.#running += 1
    this.#isAloneRunning = isAlone(frame.buffer)
    this.#start(frame)
  }
}
