import type { GrpcCall, Send } from '../kernel/grpc-transport.ts'
import { parametersToGrpc, type ModelInferRequest, type ModelInferResponse } from './grpc-codec.ts'
import { inferInPieces, type InferCall, type LastAnswer } from './grpc-infer.ts'

/** Requests of one stream that run at once; then the client waits. */
const MAX_RUNNING = 64
/** Metadata by which a client wants its stream to end with the first error. */
const ENDS_WITH_ERROR = 'triton_grpc_error'

export type StreamOptions = Omit<InferCall, 'requestId' | 'request'>

/**
 * Answers a stream of requests: many run at once, whole answers come in the order of their requests, and the pieces
 * of handlers that stream come at once. An error is the answer to its own request, and the stream goes on.
 */
export class InferStream {
  readonly #options: StreamOptions
  readonly #send: Send
  readonly #endsWithError: boolean
  /** Settles when all requests before the next one have been answered. */
  #before: Promise<void> = Promise.resolve()
  #running = 0
  #requests = 0
  #hasFailed = false
  #onFailure: (error: unknown) => void = () => undefined
  #onEnded: () => void = () => undefined

  constructor(options: StreamOptions, send: Send) {
    this.#options = options
    this.#send = send
    this.#endsWithError = options.call.headers[ENDS_WITH_ERROR]?.toLowerCase() === 'true'
  }

  /** Ends with its failure at once: a client that waits for the end sends nothing more. */
  async answer(requests: AsyncIterable<unknown>): Promise<void> {
    const failed = new Promise<never>((_resolve, reject) => {
      this.#onFailure = reject
    })
    await Promise.race([failed, this.#answerAll(requests)])
  }

  async #answerAll(requests: AsyncIterable<unknown>): Promise<void> {
    for await (const message of requests) {
      if (this.#hasFailed) return
      this.#start(message as ModelInferRequest) // the transport has decoded it
      await this.#fewerThan(MAX_RUNNING)
    }
    await this.#fewerThan(1)
  }

  async #fewerThan(limit: number): Promise<void> {
    while (this.#running >= limit) {
      await new Promise<void>((resolve) => {
        this.#onEnded = resolve
      })
    }
  }

  #start(request: ModelInferRequest): void {
    const requestId = `${this.#options.call.requestId}.${++this.#requests}`
    this.#running++
    this.#before = this.#answerOne({ ...this.#options, requestId, request }, this.#before).then(() => {
      this.#running--
      this.#onEnded()
    })
  }

  /** Never rejects. */
  async #answerOne(options: InferCall, before: Promise<void>): Promise<void> {
    try {
      const answer = await inferInPieces(options, (piece) => {
        this.#sendAnswer(piece, false)
      })
      await before
      this.#sendLast(answer)
    } catch (error) {
      await before
      if (this.#endsWithError) this.#fail(error)
      else this.#sendError(options.call, options.request.id, error)
    }
  }

  #fail(error: unknown): void {
    this.#hasFailed = true
    this.#onFailure(error)
  }

  #sendLast({ message, isEmpty, hasEmptyFinal }: LastAnswer): void {
    if (!isEmpty) this.#sendAnswer(message, true)
    else if (hasEmptyFinal) {
      const { model_name, model_version, id } = message
      this.#sendAnswer({ model_name, model_version, id }, true)
    }
  }

  #sendAnswer(message: ModelInferResponse, isFinal: boolean): void {
    const parameters = [
      ...(message.parameters ?? []),
      ...parametersToGrpc({ triton_final_response: isFinal }),
    ]
    this.#send({ infer_response: { ...message, parameters } })
  }

  #sendError(call: GrpcCall, id: string, error: unknown): void {
    const { message } = call.statusMessage(error) as { readonly message: string } // a google.rpc.Status
    this.#send({ error_message: message, infer_response: { id } })
  }
}
