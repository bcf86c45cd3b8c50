import type { DataPlane } from '../../core/data-plane.ts'
import { predictInPieces, type PredictionCall } from './grpc-predictions.ts'
import type { GrpcCall, Send } from '../kernel/grpc-transport.ts'
import type { PredictionsRequest } from './proto-codec.ts'

/** Requests of one stream that run at once; then the client waits. */
const MAX_RUNNING = 64

/**
 * Answers a stream of requests. Those of one sequence are answered one after another, in order; others run at once
 * and are told apart by their sequence. An error is the answer to its own request: the stream goes on.
 */
export class PredictionStream {
  readonly #dataPlane: DataPlane
  readonly #call: GrpcCall
  readonly #send: Send
  /** The last request of each sequence that has requests here. */
  readonly #turns = new Map<string, Promise<void>>()
  #running = 0
  #requests = 0
  #onEnded: () => void = () => undefined

  constructor(dataPlane: DataPlane, call: GrpcCall, send: Send) {
    this.#dataPlane = dataPlane
    this.#call = call
    this.#send = send
  }

  async answer(requests: AsyncIterable<unknown>): Promise<void> {
    for await (const message of requests) {
      this.#start(message as PredictionsRequest) // the transport has decoded it
      await this.#fewerThan(MAX_RUNNING)
    }
    await this.#fewerThan(1)
  }

  /** No race of them all: each would leave something at a request that runs for hours. */
  async #fewerThan(limit: number): Promise<void> {
    while (this.#running >= limit) {
      await new Promise<void>((resolve) => {
        this.#onEnded = resolve
      })
    }
  }

  #start(request: PredictionsRequest): void {
    const requestId = `${this.#call.requestId}.${++this.#requests}`
    const options = { dataPlane: this.#dataPlane, call: this.#call, requestId, request }
    const id = request.sequence_id ?? ''
    const turn = (this.#turns.get(id) ?? Promise.resolve()).then(() => this.#answerOne(options))
    if (id !== '') this.#turns.set(id, turn)
    this.#running++
    void turn.then(() => {
      this.#running--
      if (this.#turns.get(id) === turn) this.#turns.delete(id)
      this.#onEnded()
    })
  }

  /** Never rejects. */
  async #answerOne(options: PredictionCall): Promise<void> {
    try {
      await predictInPieces(options, this.#send)
    } catch (error) {
      const { sequence_id: id } = options.request
      const status = this.#call.statusMessage(error)
      this.#send({ status, ...(id === undefined ? {} : { sequence_id: id }) })
    }
  }
}
