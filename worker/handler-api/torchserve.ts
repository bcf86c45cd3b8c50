import type { HandlerSchemas, HandlerSignature } from '../contract/messages.ts'
import type { BatchAnswers, HandlerAnswer, HandlerContext, HandlerStream } from './handler.ts'

/**
 * A handler in TorchServe's class style: the default export, or the only exported class with a `handle`. One object
 * lives in each worker thread.
 *
 * Explanations go to `explain`, else to `handle`, which tells them by `context.getRequestHeader(idx, 'explain')`.
 */
export interface TorchServeHandler {
  readonly schemas?: HandlerSchemas
  /** As in `Handler`; the record of a request of tensors holds them by name. */
  readonly signature?: HandlerSignature
  /** Called once, when the graph is loaded. A throw fails the load of the version. */
  initialize?(context: TorchServeContext): void | Promise<void>
  /**
   * Answers a batch: a list of the same length and order. When it throws, each request is tried once more alone.
   *
   * @throws PredictionException for an HTTP status and a message of its own
   */
  handle(data: readonly TorchServeRecord[], context: TorchServeContext): BatchAnswers | Promise<BatchAnswers>
  explain?(
    data: readonly TorchServeRecord[],
    context: TorchServeContext,
  ): BatchAnswers | Promise<BatchAnswers>
  describe?(context: TorchServeContext): HandlerAnswer | Promise<HandlerAnswer>
}

/**
 * A handler in TorchServe's function style: the export `handle`, or the one that the archive names after a colon.
 * Called once without data when the version is loaded, then with each batch.
 */
export type TorchServeFunction = (
  data: readonly TorchServeRecord[] | undefined,
  context: TorchServeContext,
) => BatchAnswers | undefined | Promise<BatchAnswers | undefined>

/**
 * One request by its parts (`body`, form fields, files): JSON parsed, text as a string, all else as bytes. With a
 * service envelope it is what the envelope held: an instance, the tensors of a V2 request by name, or the body.
 */
export type TorchServeRecord = Readonly<Record<string, unknown>>

/** TorchServe's context. `idx` is the place of a request in the batch. */
export interface TorchServeContext extends Pick<
  HandlerContext,
  'modelName' | 'modelVersion' | 'inputs' | 'outputs' | 'logger' | 'metrics' | 'run'
> {
  readonly manifest: Readonly<Record<string, unknown>>
  /** The archive's `model-config.yaml`, checked, with `handler` as it was given. */
  readonly modelYamlConfig: Readonly<Record<string, unknown>>
  readonly systemProperties: SystemProperties
  /** Ids by place. */
  readonly requestIds: Readonly<Record<number, string>>
  getRequestId(idx?: number): string
  /** Undefined when the request has no such header; names in any case. */
  getRequestHeader(idx: number, key: string): string | undefined
  getAllRequestHeader(idx: number): Readonly<Record<string, string>>
  getSequenceId(idx: number): string
  /** Time left until the deadline of a request, and its abort signal, as no handler of TorchServe had them. */
  remainingMs(idx: number): number
  signal(idx: number): AbortSignal

  setResponseContentType(idx: number, value: string): void
  getResponseContentType(idx: number): string | undefined
  setResponseHeader(idx: number, key: string, value: string): void
  getResponseHeaders(idx: number): Readonly<Record<string, string>>
  /** @param phrase is kept for `getResponseStatus`, and not sent: HTTP/2 and gRPC have none */
  setResponseStatus(code: number, phrase?: string, idx?: number): void
  setAllResponseStatus(code: number, phrase?: string): void
  getResponseStatus(idx: number): readonly [code: number, phrase: string]

  /** Sends pieces of the answer of one request, the first by default. */
  stream(idx?: number): HandlerStream
  /** Sends one piece for each request, in order; `undefined` leaves one out. */
  sendIntermediatePredictResponse(pieces: readonly (Uint8Array | string | object | undefined)[]): void
}

export type SystemProperties = {
  readonly modelDir: string
  /** Null on the CPU. */
  readonly gpuId: number | null
  readonly batchSize: number
  readonly serverName: string
  readonly serverVersion: string
}

/** An answer of the handler's own choice instead of a prediction: an HTTP status, and a message that is shown. */
export class PredictionException extends Error {
  readonly errorCode: number

  /** @param errorCode an HTTP status from 400 to 599 */
  constructor(message: string, errorCode = 500) {
    super(message)
    this.name = 'PredictionException'
    this.errorCode = errorCode
  }
}
