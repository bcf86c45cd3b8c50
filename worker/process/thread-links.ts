import { receiveMessageOnPort, type MessagePort } from 'node:worker_threads'

/** The other end of a thread's channel for pieces, metrics and cancellations. */
export type ThreadLink = {
  readonly port: MessagePort
  /** One cell: bytes that the thread has sent and nobody has handed on yet. */
  readonly undeliveredBytes: Int32Array
}

/** Tells a thread that nobody waits for a member of a batch; threads that do not run it ignore that. */
export type CancelMessage = { readonly batchId: number; readonly member: number }

/** Takes a `piece` or `metrics` frame; `delivered` is called when it has left the process. */
export type OnThreadFrame = (frame: Uint8Array, delivered: () => void) => void

/** The channels to the worker threads of a process. */
export class ThreadLinks {
  readonly #links = new Set<ThreadLink>()
  readonly #onFrame: OnThreadFrame

  constructor(onFrame: OnThreadFrame) {
    this.#onFrame = onFrame
  }

  add(link: ThreadLink): void {
    this.#links.add(link)
    link.port.on('message', (frame: Uint8Array) => {
      this.#receive(link, frame)
    })
    // The thread has ended.
    link.port.on('close', () => this.#links.delete(link))
  }

  cancel(message: CancelMessage): void {
    for (const { port } of this.#links) port.postMessage(message)
  }

  /** Takes in every frame sent so far: events of different ports come in no order, and a result ends its batch. */
  drain(): void {
    for (const link of this.#links) {
      for (;;) {
        const received = receiveMessageOnPort(link.port) as { message: Uint8Array } | undefined // typed by node as any
        if (received === undefined) break
        this.#receive(link, received.message)
      }
    }
  }

  #receive({ undeliveredBytes }: ThreadLink, frame: Uint8Array): void {
    const { byteLength } = frame
    this.#onFrame(frame, () => {
      Atomics.sub(undeliveredBytes, 0, byteLength)
      Atomics.notify(undeliveredBytes, 0)
    })
  }
}
