import type { Tensor, TensorMetadata } from '../contract/tensor.ts'
import {
  buffersOf,
  errorFromSent,
  ownTensors,
  wholeTensors,
  type SessionReply,
  type SessionRequest,
} from './session-messages.ts'
import type { RunOptions, Session } from './session.ts'

/** The end of the channel to the thread that owns the session. */
export interface SessionPort {
  postMessage(request: SessionRequest, transfer: ArrayBuffer[]): void
  on(event: 'message', listener: (reply: SessionReply) => void): unknown
}

type Metadata = Pick<Session, 'inputs' | 'outputs'>

type Run = {
  readonly askedAtMs: number
  readonly onWait: RunOptions['onWait']
  readonly resolve: (outputs: readonly Tensor[]) => void
  readonly reject: (error: Error) => void
}

/**
 * A session in another thread. Its runs do not block this one, so the steps before and after a run overlap the runs
 * of other batches; runs that are asked for meanwhile follow one another there.
 */
export class HostedSession implements Session {
  readonly #port: SessionPort
  readonly #runs = new Map<number, Run>()
  readonly #opened: Promise<Metadata>
  #metadata: Metadata = { inputs: [], outputs: [] }
  #settleOpening: { resolve: (metadata: Metadata) => void; reject: (error: Error) => void } | undefined
  #noteReleased: () => void = () => undefined
  #nextId = 1
  #busyMs = 0

  private constructor(port: SessionPort) {
    this.#port = port
    this.#opened = new Promise((resolve, reject) => (this.#settleOpening = { resolve, reject }))
    port.on('message', (reply) => {
      this.#receive(reply)
    })
  }

  /** @throws what opening the session threw in its thread */
  static async open(port: SessionPort): Promise<HostedSession> {
    const session = new HostedSession(port)
    session.#metadata = await session.#opened
    return session
  }

  get inputs(): readonly TensorMetadata[] {
    return this.#metadata.inputs
  }

  get outputs(): readonly TensorMetadata[] {
    return this.#metadata.outputs
  }

  run(
    feeds: readonly Tensor[],
    { mayTakeFeeds = false, onWait }: RunOptions = {},
  ): Promise<readonly Tensor[]> {
    return new Promise((resolve, reject) => {
      const id = this.#nextId++
      const sent = mayTakeFeeds ? wholeTensors(feeds) : ownTensors(feeds)
      this.#port.postMessage({ kind: 'run', id, feeds: sent }, buffersOf(sent))
      this.#runs.set(id, { askedAtMs: performance.now(), onWait, resolve, reject })
    })
  }

  takeBusyMs(): number {
    const busyMs = this.#busyMs
    this.#busyMs = 0
    return busyMs
  }

  release(): Promise<void> {
    return new Promise((resolve) => {
      this.#noteReleased = resolve
      this.#port.postMessage({ kind: 'release' }, [])
    })
  }

  #receive(reply: SessionReply): void {
    switch (reply.kind) {
      case 'opened':
        this.#settleOpening?.resolve(reply)
        return
      case 'refused':
        this.#settleOpening?.reject(errorFromSent(reply.error))
        return
      case 'ran':
        this.#end(reply)?.resolve(reply.outputs)
        return
      case 'failed':
        this.#end(reply)?.reject(errorFromSent(reply.error))
        return
      case 'released':
        this.#noteReleased()
        return
      default:
        reply satisfies never
    }
  }

  #end({ id, runMs }: { readonly id: number; readonly runMs: number }): Run | undefined {
    const run = this.#runs.get(id)
    this.#runs.delete(id)
    this.#busyMs += runMs
    if (run !== undefined) run.onWait?.(Math.max(0, performance.now() - run.askedAtMs - runMs))
    return run
  }
}
