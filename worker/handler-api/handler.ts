import type { DataType } from '../contract/data-type.ts'
import type {
  Device,
  HandlerSchemas,
  HandlerSignature,
  Operation,
  Parameters,
  RequestPart,
} from '../contract/messages.ts'
import type { Tensor, TensorMetadata, TensorOf } from '../contract/tensor.ts'
import type { HandlerMetrics } from './metrics.ts'

/**
 * What a model does around its graph. Everything is optional; without a handler, the built-in `tensor` handler
 * serves the graph as it is.
 *
 * One handler object lives in each worker thread. It sees the batches of that thread one after the other; only with
 * `maxBatchesInFlight`, and on a GPU, another batch comes to `preprocess` while the graph runs, though never to
 * `handle`. All of a batch's `preprocess` calls may overlap if they are asynchronous, and so may its `postprocess`
 * calls.
 */
export interface Handler {
  /** What its requests and answers look like, for the API description. */
  readonly schemas?: HandlerSchemas

  /**
   * The tensors that it takes and answers, where they are not the graph's: they are what clients of tensor protocols
   * see, and what their requests are checked against. `preprocess` or `handle` then gets `request.tensors`, and the
   * answer to such a request is to be tensors.
   *
   * Without it, tensors that a protocol has decoded go straight to the graph, past `preprocess` and `postprocess`; a
   * handler that answers whole batches is then not offered to tensor protocols.
   */
  readonly signature?: HandlerSignature

  /**
   * Prepares the handler, once per worker thread, after the graph is loaded and before the first request.
   * A throw fails the load of the version.
   */
  initialize?(context: HandlerContext): void | Promise<void>

  /**
   * Turns one request into feeds for the graph. Dimension 0 is the rows of this request; the server concatenates
   * the rows of a batch. A throw fails this request only. Absent: requests are decoded as tensors.
   */
  preprocess?(request: HandlerRequest, context: HandlerContext): Feeds | Promise<Feeds>

  /**
   * Turns this request's rows of the outputs into its answer. A throw fails this request only.
   * Absent: outputs are answered as tensors.
   */
  postprocess?(
    outputs: Outputs,
    request: HandlerRequest,
    context: HandlerContext,
  ): HandlerAnswer | Promise<HandlerAnswer>

  /**
   * Answers a whole batch by itself, instead of `preprocess`, the graph and `postprocess`.
   *
   * The result has the length and order of `requests`; an element that is an error fails its request alone. When
   * it throws, each request of the batch is tried once more alone, but for those of whose answer a part was streamed;
   * with `sequenceBatching` or `continuousBatching` all of them fail, for the throw may have left their states half
   * changed. `context.run` runs the graph.
   */
  handle?(requests: readonly HandlerRequest[], context: HandlerContext): BatchAnswers | Promise<BatchAnswers>

  /**
   * Answers a batch of requests that ask why the model answers as it does, by the rules of `handle`; beside
   * `preprocess` and `postprocess`, too. Absent: such requests are refused as `unimplemented`.
   */
  explain?(requests: readonly HandlerRequest[], context: HandlerContext): BatchAnswers | Promise<BatchAnswers>

  /** Tells what the model is, for its operators. Absent: `{}`. */
  describe?(context: HandlerContext): HandlerAnswer | Promise<HandlerAnswer>
}

/** One answer per request, in their order; an error fails its request alone. */
export type BatchAnswers = readonly (HandlerAnswer | Error)[]

/** What a handler may know about its surroundings. */
export interface HandlerContext {
  readonly modelName: string
  readonly modelVersion: string
  /** Where the archive's files are. Read-only, and shared with the version's other workers. */
  readonly modelDir: string
  /** The `handler` section of the archive's `model-config.yaml`. */
  readonly config: Readonly<Record<string, unknown>>
  /** Where the graph runs. */
  readonly device: Device
  /** What the graph takes; empty when the archive has no graph. */
  readonly inputs: readonly TensorMetadata[]
  readonly outputs: readonly TensorMetadata[]
  readonly maxBatchRows: number
  /** Into the server's log, marked with the model. `console.*` goes there too. */
  readonly logger: HandlerLogger
  /** Counters, gauges and histograms of the handler's own. */
  readonly metrics: HandlerMetrics

  /**
   * Runs the graph on the given feeds, outside of the server's batching; for `handle`.
   *
   * @throws HandlerError `invalid_argument` when the feeds do not suit the graph's inputs.
   */
  run(feeds: Feeds): Promise<Outputs>
}

export interface HandlerLogger {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void
  info(message: string, fields?: Readonly<Record<string, unknown>>): void
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void
  error(message: string, fields?: Readonly<Record<string, unknown>>): void
}

/** One client's request. `preprocess` and `postprocess` see the same object. */
export interface HandlerRequest {
  readonly id: string
  readonly operation: Operation
  /** Lower-case names, one value each. */
  readonly headers: Readonly<Record<string, string>>
  /** The body, form fields and files as they arrived; empty when a dialect has decoded tensors. */
  readonly parts: readonly RequestPart[]
  /** Tensors that a dialect has decoded. */
  readonly tensors?: readonly Tensor[]
  /** What the request says beside its data, in protocols that have a place for that; empty in others. */
  readonly parameters: Parameters
  /** Names of the outputs that the client wants; absent: all. The server leaves others out of an answer of tensors. */
  readonly wantedOutputs?: readonly string[]
  /** Time left until the request's deadline; negative when it is over. */
  readonly remainingMs: number
  /**
   * Aborts at the deadline, and when the client has gone. A handler that never waits sees it by asking again:
   * `request.signal.aborted`.
   */
  readonly signal: AbortSignal
  /** What the answer's head will be. */
  readonly response: ResponseControl
  /** Sends parts of the answer before the whole is known. */
  readonly stream: HandlerStream
  /** The handler's own; with `continuousBatching`, kept from one batch of the request to the next. */
  state: unknown

  /**
   * The bytes of the body: of the part `body`, else `data`, else the only part. A view, not a copy.
   *
   * @throws HandlerError `invalid_argument` when there is none.
   */
  body(): Uint8Array
  /** The body as UTF-8 text. @throws HandlerError `invalid_argument` */
  text(): string
  /** The body as JSON. @throws HandlerError `invalid_argument` naming the position of what is malformed. */
  json(): unknown
  part(name: string): RequestPart | undefined
  /** The part of that name that was sent as a file; without a name, the first file. */
  file(name?: string): RequestPart | undefined
}

/** Assignable by the handler, per request. */
export interface ResponseControl {
  /** HTTP status of the answer; other protocols ignore it. */
  status?: number
  /** Replaces the content type that follows from the answer's kind. */
  contentType?: string
  readonly headers: Record<string, string>
  /** What an answer of tensors says beside them, in protocols that have a place for that. */
  parameters?: Parameters
}

/** The way of an answer that goes out in pieces; the last is what the handler returns, `undefined` for nothing. */
export interface HandlerStream {
  /**
   * Sends a piece now: bytes as they are, a string as UTF-8, any other value as a line of JSON.
   *
   * The first piece, which may be empty, takes status, headers and content type with it: what is set later comes
   * too late. Waits while the client's side of the server has not taken what was sent before.
   *
   * @returns false when the piece was dropped because nobody waits for it: the client has gone, or the request
   * was answered already.
   * @throws HandlerError `internal` (nothing that can be sent, an impossible header) | `resource_exhausted`
   */
  write(piece: Uint8Array | string | object): boolean
}

/** A tensor without its name. */
export type Feed = { [D in DataType]: Omit<TensorOf<D>, 'name'> }[DataType]

/** Inputs of the graph: named tensors, or feeds by input name. */
export type Feeds = readonly Tensor[] | Readonly<Record<string, Feed>>

/** Outputs of the graph by name. */
export type Outputs = Readonly<Record<string, Tensor>>

/**
 * Bytes (`application/octet-stream`), a string (`text/plain`), tensors (rendered by the client's protocol), or
 * any other value, sent as JSON.
 */
export type HandlerAnswer = Uint8Array | string | readonly Tensor[] | object | number | boolean | null
