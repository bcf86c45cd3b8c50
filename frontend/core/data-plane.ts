import type { Signature } from '../../archiver-cli/format/signatures.ts'
import type { ServiceEnvelope } from '../../worker/contract/messages.ts'
import type {
  BatchTiming,
  Device,
  HandlerSchemas,
  Operation,
  RequestPayload,
  ResponsePayload,
  ResponsePiece,
} from '../../worker/contract/messages.ts'
import type { VersionStatistics } from './statistics.ts'
import type { ModelId } from '../../worker/contract/model-id.ts'
import type { TensorMetadata } from '../../worker/contract/tensor.ts'
import type { BatchClosedBy } from './batching/batch-closed-by.ts'
import type { VersionState } from './version-state.ts'

export type {
  BatchStatistics,
  ComputeTotals,
  DurationTotal,
  FailureReason,
  VersionStatistics,
} from './statistics.ts'
export type { BatchClosedBy }
export type { Operation, ResponsePiece, ServiceEnvelope, Signature }

/**
 * Which version of a model a request means: by its name, by a label that points to it, or by its integer; without
 * any of them, the default version. Nobody gives more than one.
 */
export type ModelSelector = {
  readonly name: string
  readonly version?: string
  readonly label?: string
  /** In decimal digits; for dialects that know only integers. See {@link DataPlane.integerVersionOf}. */
  readonly integerVersion?: string
}

/**
 * Which sequence of requests a request belongs to. It matters only to versions with `sequenceBatching`: their
 * handlers keep state between the requests of a sequence.
 */
export type SequenceMark = {
  /** The client's or an earlier answer's; absent: the request opens a sequence, whose id its answer carries. */
  readonly id?: string
  /** It is the first one: the handler of an open sequence of this id is told that it begins anew. */
  readonly start: boolean
  /** It is the last one. */
  readonly end: boolean
  /** The caller's protocol opens no sequence unsaid: an id is needed, and the first request has to be marked as it. */
  readonly explicit?: true
}

/** Whether somebody has gone away: what is known of a signal by looking at it. */
export type Abortion = Pick<AbortSignal, 'aborted'>

/** What a dialect knows about a request when its head has arrived, before its body. */
export type RequestHead = {
  readonly requestId: string
  readonly model: ModelSelector
  /** Absent means `predict`. A handler without `explain` refuses that as `unimplemented`, reason `operation`. */
  readonly operation?: Operation
  /** Absent means `{ start: false, end: false }`. */
  readonly sequence?: SequenceMark
  /** The body may name the sequence: whether it can be taken is decided when it has been read. */
  readonly sequenceInBody?: true
  /** Lower-case names, one value each. */
  readonly headers: Readonly<Record<string, string>>
  /** It can come later as well: under load it is refused before others are. */
  readonly isBackground?: true
  /** Told where the time of the request went, before its answer is given. */
  readonly onTiming?: (timing: RequestTiming) => void
  /** Tighter than the version's own `inferenceTimeoutMs` if the caller asked for it; counted from arrival. */
  readonly timeoutMs?: number
  /** Size of the body if the caller announced it. */
  readonly announcedBytes?: number
  /** Aborts when the caller goes away: queued work is then dropped, and a handler that runs already is told. */
  readonly signal: AbortSignal
  /** Says the same to who looks at it, without a signal having to be made. Absent: the signal does. */
  readonly caller?: Abortion
}

export type InferenceResponse = {
  readonly model: ModelId
  /** Status and headers that the handler chose, if any. */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** The whole answer; its last piece, possibly empty, when the others were given to `onPiece`. */
  readonly payload: ResponsePayload
  /** Whether pieces were given to `onPiece`; the head of the answer then went with the first of them. */
  readonly streamed: boolean
  readonly timing: RequestTiming
}

/**
 * Takes the pieces of an answer, in order, while the handler still makes more. A throw ends the request with that
 * error, and tells the handler to stop.
 */
export type OnPiece = (piece: ResponsePiece) => void

/** What only the body of a request says of how it is to be run. */
export type RunOptions = {
  /**
   * Takes the answer piece by piece if the handler streams it; after the first piece, a rejection can only cut the
   * answer. Without it, the pieces of a handler that streams are put together.
   */
  readonly onPiece?: OnPiece | undefined
  /** Counts instead of the head's. */
  readonly sequence?: SequenceMark | undefined
  /** 1 is the highest; absent or 0: the version's default. It matters only to versions with `priorityLevels`. */
  readonly priority?: number | undefined
  /** Counted from arrival, as the head's; the shortest counts. */
  readonly timeoutMs?: number | undefined
}

export type RequestTiming = {
  /** From arrival to dispatch. */
  readonly queueMs: number
  /** From dispatch to answer, the hop included. */
  readonly workerMs: number
  /** Of the whole batch, as the worker measured it. */
  readonly batch: BatchTiming
  /** Requests in the batch. */
  readonly batchRequests: number
  /** Why the batch took no more requests. */
  readonly closedBy: BatchClosedBy
  /** What `workerMs` was expected to be; 0 while nothing was known. */
  readonly predictedMs: number
}

/**
 * A request that has been admitted: it holds its version (which cannot unload) and a place in its queue.
 *
 * Exactly one of `run` or `cancel` must be called; `cancel` after `run` does nothing.
 */
export interface AdmittedRequest {
  readonly model: ModelId
  /** The largest body this version accepts. */
  readonly maxRequestBytes: number
  readonly inputs: readonly TensorMetadata[]

  /**
   * Queues the request and settles exactly once.
   *
   * @throws ServingError `invalid_argument` | `unimplemented` (tensors for a handler that takes none) |
   * `deadline_exceeded` | `cancelled` | `unavailable` | `internal`
   */
  run(payload: RequestPayload, options?: RunOptions): Promise<InferenceResponse>

  /**
   * The memory of a large answer may be used for the next one: it has left the process, and nobody looks at it any
   * more. Not calling it costs the garbage collector some time.
   */
  giveBack(response: InferenceResponse): void

  /** Gives the place back: the body could not be read. */
  cancel(): void
}

export type VersionHealth = {
  readonly model: ModelId
  readonly ready: boolean
  /** Why it is not ready, in a sentence. */
  readonly reason?: string
}

/** Where a version is in its life, whether it serves or not. */
export type VersionStatus = VersionHealth & { readonly state: VersionState }

export type ServerHealth = {
  /** The process answers. Never depends on models. */
  readonly live: true
  /** Every registered version that should have workers can answer, and the server is not shutting down. */
  readonly ready: boolean
  readonly reason?: string
  readonly versions: readonly VersionHealth[]
  /** Default versions whose workers have failed for longer than their `maxRetryTimeoutMs`. */
  readonly overdue: readonly ModelId[]
  readonly shuttingDown: boolean
}

/** A registered model, whatever its versions are. */
export type ModelPresence = {
  readonly name: string
  /** One of its versions was. */
  readonly loadedAtStartup: boolean
}

export type VersionMetadata = {
  readonly model: ModelId
  /** Name of a built-in handler, or of the archive's own module. */
  readonly handler: string
  /** What requests of tensors bring and get. */
  readonly inputs: readonly TensorMetadata[]
  readonly outputs: readonly TensorMetadata[]
  /**
   * Whether the handler takes and answers tensors itself. If not, they go straight to the graph, past the handler;
   * or, without a graph or with a handler of whole batches, are refused as `unimplemented`.
   */
  readonly handlesTensors: boolean
  /** Whether dimension 0 of its tensors is the rows, of which a batch may have several requests'. */
  readonly hasRows: boolean
  /** The model's versions that can answer, in ascending order. */
  readonly versions: readonly string[]
  readonly maxBatchRows: number
  /** The most rows of one request; absent: no limit. */
  readonly maxRequestRows?: number
  /** Ways to ask the model under a name, with names of their own for its tensors. */
  readonly signatures?: Readonly<Record<string, Signature>>
  /** Names of the classes in an output, by the output. */
  readonly outputLabels?: Readonly<Record<string, readonly string[]>>
  /** The Triton configuration that the archive was made from, as JSON. */
  readonly tritonConfig?: Readonly<Record<string, unknown>>
  readonly device: Device
  /** What goes around its requests and answers. */
  readonly envelope: ServiceEnvelope
  /** What the handler says that it takes and answers. */
  readonly schemas?: HandlerSchemas
}

/** The data plane: what inference clients may ask. Knows no protocol. */
export interface DataPlane {
  /**
   * Decides on a request by its head alone, before its body is read.
   *
   * @throws ServingError `not_found` | `unavailable` (no ready worker, draining) | `resource_exhausted` (queue full,
   * predicted wait beyond the deadline, announced body too large)
   */
  admit(head: RequestHead): AdmittedRequest

  health(): ServerHealth

  /** All registered models, by name. */
  models(): readonly ModelPresence[]

  /**
   * The integer that names a version for clients which know only integers: its own name if that is one, else one that
   * it keeps. In decimal digits, up to 2^63-1.
   *
   * @throws ServingError `not_found`
   */
  integerVersionOf(model: ModelId): string

  /** @throws ServingError `not_found` */
  modelHealth(selector: ModelSelector): VersionHealth

  /** All versions of a model, ascending. @throws ServingError `not_found` */
  statesOf(name: string): readonly VersionStatus[]

  /** @throws ServingError `not_found` | `unavailable` when no worker has loaded the version yet */
  metadata(selector: ModelSelector): VersionMetadata

  /**
   * What versions have done since they were loaded: one, all of a model, or all.
   *
   * @throws ServingError `not_found`
   */
  statistics(selector?: ModelSelector): readonly VersionStatistics[]
}
