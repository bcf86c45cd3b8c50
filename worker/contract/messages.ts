import type { ErrorData } from './errors.ts'
import type { ModelId } from './model-id.ts'
import type { Padding } from './padding.ts'
import type { Tensor, TensorMetadata } from './tensor.ts'

/** Where a session runs. `tensorrt` leaves to `cuda` the nodes that it cannot run. */
export const EXECUTION_PROVIDERS = ['tensorrt', 'cuda', 'webgpu', 'cpu'] as const
export type ExecutionProvider = (typeof EXECUTION_PROVIDERS)[number]

/** An execution provider and, on a GPU, which device. The frontend chooses it; a thread never falls back. */
export type Device = { readonly provider: ExecutionProvider; readonly deviceId: number }

/** What a probe says of an execution provider on this machine. */
export type ProviderFinding = {
  readonly provider: ExecutionProvider
  readonly usable: boolean
  /** Why not, or what it runs on. */
  readonly reason: string
  /** Paths of the GPU libraries that its process had loaded; only where they were asked for. */
  readonly libraries?: readonly string[]
}

/** Conventions of request and answer bodies around a handler, in TorchServe's words. */
export const SERVICE_ENVELOPES = ['none', 'body', 'json', 'kserve', 'kservev2'] as const
export type ServiceEnvelope = (typeof SERVICE_ENVELOPES)[number]

/** How a batch is split, so that preparing one part overlaps running another. */
export type MicroBatching = {
  readonly microBatchRows?: number | undefined
  /** Parts that may be in a stage at a time. */
  readonly parallelism?:
    | {
        readonly preprocess?: number | undefined
        readonly inference?: number | undefined
        readonly postprocess?: number | undefined
      }
    | undefined
}

/** How much the engine may rewrite a graph before it runs it; the results may differ in their last digits. */
export const GRAPH_OPTIMIZATIONS = ['disabled', 'basic', 'extended', 'all'] as const
export type GraphOptimization = (typeof GRAPH_OPTIMIZATIONS)[number]

/** A graph that was optimized and written before, by the server's own processes, never by an archive. */
export type PreparedGraph = {
  /** Absolute. */
  readonly path: string
}

/**
 * All that a worker process needs to host a version. Sent once, as its first frame.
 *
 * Paths are absolute, or relative to `modelDir`; `modelDir` is private to the version and read-only.
 */
export type LoadSpec = {
  readonly model: ModelId
  readonly modelDir: string
  /** The ONNX graph, relative to `modelDir`; absent when the handler runs no graph. */
  readonly modelFile?: string
  /** Name of a built-in handler, or a bundled module relative to `modelDir`, perhaps with `:` and an export of it. */
  readonly handler: string
  /** The archive's free-form `handler` settings. */
  readonly handlerConfig: Readonly<Record<string, unknown>>
  readonly device: Device
  /** Worker threads in this process, each with its own session. */
  readonly threads: number
  readonly intraOpThreads: number
  /** Absent: `all`. */
  readonly graphOptimization?: GraphOptimization
  /** Opened instead of `modelFile`, if it can be. */
  readonly prepared?: PreparedGraph
  /** Runs use the weights as they came, not rearranged for the engine's kernels. */
  readonly prepacks?: false
  readonly maxBatchRows: number
  /** Rows that one request may bring; absent: any number. */
  readonly maxRequestRows?: number
  /** Batches that a thread may hold at a time; absent: one, or two where they overlap the engine's runs. */
  readonly maxBatchesInFlight?: number
  /** The session gets a thread of its own, if the handler lets the steps of a batch overlap the run of another. */
  readonly overlapsRuns?: true
  /** The thread may be sent a batch more while it runs one, if its runs take long. */
  readonly mayTakeNext?: true
  /** Batches are turns of requests that go on. */
  readonly continuousBatching?: true
  /** The largest answer to a request, or piece of a streamed one; absent: no limit. */
  readonly maxResponseBytes?: number
  /** Heap limit of one worker thread. */
  readonly maxHeapMebibytes: number
  /** The archive's manifest without its list of files, and its configuration: for handlers of TorchServe's style. */
  readonly manifest?: Readonly<Record<string, unknown>>
  readonly modelConfig?: Readonly<Record<string, unknown>>
  /** Whether those handlers get JSON and text decoded; default true. */
  readonly decodeInputRequest?: boolean
  /** The convention of request and answer bodies; absent means `none`. */
  readonly serviceEnvelope?: ServiceEnvelope
  /** A handler's throw fails its whole batch; absent: each request is tried once more alone. */
  readonly failsWholeBatch?: boolean
  /** Fills up requests of different length; absent: they run apart. */
  readonly padding?: Padding
  /** Splits a batch, for handlers with `preprocess` and `postprocess`. */
  readonly microBatching?: MicroBatching
}

/** One in the engine, and one that is prepared for it or answered after it. */
export const OVERLAPPING_BATCHES = 2

/** One named piece of a request as it arrived: `body`, a form field, or a file. */
export type RequestPart = {
  readonly name: string
  readonly contentType?: string
  readonly fileName?: string
  readonly bytes: Uint8Array
}

/** What a request carries: raw parts for a handler to decode, or tensors that a dialect has decoded. */
export type RequestPayload =
  { readonly kind: 'parts'; readonly parts: readonly RequestPart[] } | TensorsPayload

/** A value that a dialect hands to a handler, or back. Integers that a double does not hold are decimal strings. */
export type ParameterValue = boolean | number | string
export type Parameters = Readonly<Record<string, ParameterValue>>

export type TensorsPayload = {
  readonly kind: 'tensors'
  readonly tensors: readonly Tensor[]
  /** Names of the outputs that are wanted; absent: all. */
  readonly outputs?: readonly string[]
  /** What the request says to its handler beside the tensors. */
  readonly parameters?: Parameters
}

/** What is asked of the handler: its answer, why it answers so, or what it is. */
export const OPERATIONS = ['predict', 'explain', 'describe'] as const
export type Operation = (typeof OPERATIONS)[number]

/** One member of a batch. All members of a batch have the same operation. */
export type BatchRequest = {
  readonly id: string
  /** Absent means `predict`. */
  readonly operation?: Operation
  readonly headers: Readonly<Record<string, string>>
  /** Time left until the request's deadline when the batch is sent. */
  readonly remainingMs: number
  /** Of continuous batching only. */
  readonly turn?: Turn
  readonly payload: RequestPayload
}

/**
 * One of the batches that a request takes part in with continuous batching. The worker keeps the request from its
 * first turn to its last; one that is missing from a batch has left, and is forgotten.
 */
export type Turn = {
  /** Names the request to its worker; never used again. */
  readonly key: number
  /** It was in the batch before; its payload is not sent again. */
  readonly continues: boolean
}

/** What a handler answers: bytes with their content type, or tensors for the dialect to render. */
export type ResponsePayload =
  { readonly kind: 'bytes'; readonly contentType?: string; readonly bytes: Uint8Array } | TensorsAnswer

export type TensorsAnswer = {
  readonly kind: 'tensors'
  readonly tensors: readonly Tensor[]
  /** What the handler says beside the tensors. */
  readonly parameters?: Parameters
}

export type BatchResponse = {
  /** Status and headers that the handler chose for this request, if any. */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** Rows that the request brought; absent: one. */
  readonly rows?: number
  /** The answer goes on with the next batch; this is a piece of it, perhaps an empty one. */
  readonly more?: true
  readonly payload: ResponsePayload
}

/**
 * A part of an answer that goes out before the whole is known. Status, headers and content type belong to the head
 * of the answer: only the first piece has them.
 */
export type ResponsePiece = {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly contentType?: string
  readonly bytes: Uint8Array
}

export type WorkerReply<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: ErrorData }

/** The outcome of a batch: one reply per member, in order, and where the time went. */
export type BatchResult = {
  readonly replies: readonly WorkerReply<BatchResponse>[]
  readonly timing: BatchTiming
}

export type BatchTiming = {
  readonly preprocessMs: number
  readonly inferenceMs: number
  readonly postprocessMs: number
  /** Rows that went through the engine; requests whose preprocessing failed have none. */
  readonly rows: number
  /** Engine calls: more than one when members differ in shape or exceed `maxBatchRows` together. */
  readonly runs: number
  /** Rows of each engine call, where there were several. */
  readonly rowsOfRuns?: readonly number[]
  /** Time in which the batch waited for an engine that ran another one; absent: none. It is in no stage. */
  readonly waitMs?: number
  /** Time in which the worker's GPU ran the graph since its last batch ended; absent on the CPU. */
  readonly deviceBusyMs?: number
}

/** JSON Schemas (2020-12) of what a handler takes and answers, as it declares them. */
export type HandlerSchemas = {
  readonly request?: Readonly<Record<string, unknown>>
  readonly response?: Readonly<Record<string, unknown>>
}

/** The tensors that a handler takes and answers itself. */
export type HandlerSignature = {
  readonly inputs: readonly TensorMetadata[]
  readonly outputs: readonly TensorMetadata[]
}

/**
 * Who answers a request of tensors: the handler; the graph alone, past a handler that decodes requests in a form of
 * its own; or nobody.
 */
export type TensorSupport = 'handler' | 'graph' | 'none'

/** What one worker thread says once its handler and session are loaded and warm. */
export type InstanceReport = {
  readonly threadId: number
  readonly device: Device
  /** What requests of tensors bring and get: as the handler declares them, else the graph's. */
  readonly inputs: readonly TensorMetadata[]
  readonly outputs: readonly TensorMetadata[]
  readonly tensorSupport: TensorSupport
  /** Whether the handler reads request headers; if not, the frontend does not send them. */
  readonly usesHeaders: boolean
  readonly schemas?: HandlerSchemas
  /** The steps of a batch overlap the engine's run of another: the thread takes two batches. */
  readonly overlapsRuns?: true
  /** Runs take so long that the next batch should be there when one ends: the thread takes two, and runs them in turn. */
  readonly takesNext?: true
  readonly loadMs: number
  readonly warmUpMs: number
  /** What runs of the warm graph took, by their rows; absent when there is no graph, or it refused them. */
  readonly warmUps?: readonly TimedRun[]
}

export type TimedRun = { readonly rows: number; readonly ms: number }

export const METRIC_KINDS = ['counter', 'gauge', 'histogram'] as const
export type MetricKind = (typeof METRIC_KINDS)[number]

/** One observation of a handler's own metric. */
export type MetricSample = {
  readonly name: string
  readonly kind: MetricKind
  /** For a counter the increment, else the observed value. */
  readonly value: number
  /** `Milliseconds`, `Megabytes`, `Count` …: TorchServe's words. */
  readonly unit: string
  /** Label values by label name. */
  readonly dimensions: Readonly<Record<string, string>>
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

export type LogRecord = {
  readonly level: LogLevel
  readonly message: string
  readonly fields?: Readonly<Record<string, unknown>>
}

/** Header of an `instance` frame. */
export type InstanceHeader = WorkerReply<InstanceReport> & { readonly threadId: number }

/** Header of a `metrics` frame. */
export type MetricsHeader = { readonly samples: readonly MetricSample[] }

/** Header of a `lost` frame: the worker process can run nothing any more, and is to be replaced. */
export type LostHeader = { readonly message: string }
