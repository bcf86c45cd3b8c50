/**
 * The messages of a client's stream, one after another, for as long as the client sends or until it is closed.
 *
 * Its source stops while too many wait here, so a client that sends faster than it is served waits on its side.
 */
export class Inbox implements AsyncIterable<unknown> {
  readonly #waiting: unknown[] = []
  readonly #source: { pause(): unknown; resume(): unknown }
  #isClosed = false
  #wake: (() => void) | undefined

  constructor(source: { pause(): unknown; resume(): unknown }) {
    this.#source = source
  }

  push(message: unknown): void {
    if (this.#isClosed) return
    this.#waiting.push(message)
    if (this.#waiting.length >= MAX_WAITING) this.#source.pause()
    this.#wake?.()
  }

  /** What waits is still handed out; nothing is taken any more. */
  close(): void {
    this.#isClosed = true
    this.#wake?.()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<unknown> {
    for (;;) {
      if (this.#waiting.length > 0) {
        yield this.#waiting.shift()
        this.#source.resume()
      } else if (this.#isClosed) return
      else await this.#news()
    }
  }

  #news(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = undefined
        resolve()
      }
    })
  }
}

const MAX_WAITING = 4
