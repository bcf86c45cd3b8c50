import type { ModelConfig } from '../../archiver-cli/format/model-config.ts'
import type { Device } from '../../worker/contract/messages.ts'
import type { ModelId } from '../../worker/contract/model-id.ts'
import type { TensorMetadata } from '../../worker/contract/tensor.ts'
import type { ModelSelector } from './data-plane.ts'
import type { RetryState } from './retry-state.ts'
import type { DescribedSettings } from './settings.ts'
import type { BatchesInFlight } from './workers/batches-in-flight.ts'
import type { VersionState } from './version-state.ts'

export type RegisterRequest = {
  /** File name of an archive (or directory) in the model store, or an address that the server is allowed to read. */
  readonly archive: string
  /** SHA-256 that the archive file must have, lower-case hex. */
  readonly sha256?: string
  /** Overrides the manifest's name. */
  readonly name?: string
  /** Overrides the manifest's handler. */
  readonly handler?: string
  /** Workers to start; 0 registers without serving. Absent: the archive's `minWorkers`, else the server's default. */
  readonly initialWorkers?: number
  /** Settings of the call; they win over the archive's configuration. */
  readonly settings?: Pick<
    ModelConfig,
    | 'maxBatchRows'
    | 'maxBatchDelayMs'
    | 'inferenceTimeoutMs'
    | 'startupTimeoutMs'
    | 'maxQueuedRequests'
    | 'executionProviders'
    | 'deviceIds'
  >
  /** Whether the same archive may be registered again, without effect; default true. */
  readonly repeatable?: boolean
  /** Wait until the workers are ready (or have failed) before answering. */
  readonly synchronous: boolean
}

/** What can be changed of a version while it serves. */
export type TunableSettings = Pick<
  ModelConfig,
  'maxBatchRows' | 'maxBatchDelayMs' | 'maxQueuedRequests' | 'targetWaitMs' | 'inferenceTimeoutMs'
>

export type ScaleRequest = {
  readonly model: ModelSelector
  /** Absent: as many as there are. */
  readonly minWorkers?: number
  /** Other settings; what is absent stays. New workers are started only for those that concern them. */
  readonly settings?: TunableSettings
  /** At least `minWorkers`; absent: equal to it. */
  readonly maxWorkers?: number
  readonly synchronous: boolean
}

/**
 * How a registration or scaling ended: `loading` is the answer of an asynchronous call, `partial` of one whose
 * workers have started and of which some are down again.
 */
export type WorkersOutcome = {
  readonly model: ModelId
  readonly state: 'no_workers' | 'ready' | 'partial' | 'loading'
  readonly workers: number
  /** The same archive was registered before, and nothing has changed. */
  readonly existing?: true
}

export type WorkerDescription = {
  /** Unique within the server's life. */
  readonly id: string
  readonly state: 'loading' | 'ready' | 'draining' | 'failed'
  /** Of its worker process; absent while that is being started. */
  readonly pid?: number
  readonly startedAt: Date
  /** Resident memory of its worker process. */
  readonly memoryBytes: number
  readonly device: Device
}

export type VersionDescription = {
  readonly model: ModelId
  readonly archive: string
  /** SHA-256 of the archive, lower-case hex. */
  readonly digest: string
  readonly isDefault: boolean
  /** That point to it, in order. */
  readonly labels: readonly string[]
  readonly state: VersionState
  /** Why it is not ready, or its last worker failure. */
  readonly reason?: string
  readonly handler: string
  readonly loadedAtStartup: boolean
  readonly minWorkers: number
  readonly maxWorkers: number
  readonly workerProcesses: number
  readonly intraOpThreads: number
  /** Why so many threads each, for example `2 CPUs ÷ 1 worker`. */
  readonly layoutReason: string
  readonly batchesInFlight: BatchesInFlight
  /** Which form of the graph its workers have opened, and why; absent without workers. */
  readonly graph?: { readonly isPrepared: boolean; readonly reason: string }
  /** What its workers were estimated to take before they were started; absent without workers. */
  readonly memory?: {
    readonly totalBytes: number
    /** Counted once for all of them. */
    readonly sharedBytes: number
    readonly perWorkerBytes: number
  }
  readonly maxBatchRows: number
  readonly maxBatchDelayMs: number
  readonly inferenceTimeoutMs: number
  readonly startupTimeoutMs: number
  readonly maxQueuedRequests: number
  readonly maxRequestBytes: number
  /** What a batch takes, as far as is known: 0 before the first. */
  readonly serviceTime: { readonly fixedMs: number; readonly perRowMs: number }
  /** Which execution provider runs, and why not a better one. */
  readonly provider: { readonly device: Device; readonly reason: string }
  readonly inputs?: readonly TensorMetadata[]
  readonly outputs?: readonly TensorMetadata[]
  readonly workers: readonly WorkerDescription[]
  readonly queuedRequests: number
  /** Batches that workers run at this moment. */
  readonly runningBatches: number
  /** Worker processes restarted after a crash or a timeout. */
  readonly restarts: number
  readonly retry: RetryState
  /** What it runs with, and who said so. */
  readonly settings: DescribedSettings
}

/** A model of the repository, or one of its versions. */
export type RepositoryEntry = {
  readonly name: string
  /** Absent: no version of the model has been loaded since the start. */
  readonly version?: string
  /** `unloaded`: it was, and is not any more. `failed`: loading it was tried in vain. */
  readonly state?: VersionState
  readonly reason?: string
}

export type LoadRequest = {
  /** A model of the store. */
  readonly name: string
  /**
   * Triton's ModelConfig as protobuf's JSON has it, instead of what the model says itself; it stays in force over
   * later loads until the model is unloaded.
   */
  readonly config?: Readonly<Record<string, unknown>>
  /** Content instead of what lies in the store, by `<version>/<file>`; only together with `config`. */
  readonly files?: ReadonlyMap<string, Uint8Array>
}

/** Which of the versions that a source offers are served. */
export type VersionChoice =
  | { readonly kind: 'latest'; readonly count: number }
  | { readonly kind: 'all' }
  | { readonly kind: 'specific'; readonly versions: readonly string[] }

/** A model that is to be served from a directory. */
export type ServedModel = {
  readonly name: string
  /** Directory that holds its versions; absolute. */
  readonly basePath: string
  readonly choice: VersionChoice
  /** Label → version, by the version's integer; all that the model has afterwards. Absent: they stay. */
  readonly labels?: Readonly<Record<string, string>>
}

/** What became of one model of a list that was applied. */
export type ServedModelOutcome = {
  readonly name: string
  /** Why not all of it is as the list says; what was served before still is. */
  readonly error?: Error
}

export type ModelSummary = { readonly name: string; readonly archive: string }

/**
 * The control plane: what operators may ask. Knows no protocol. Changes are durable before they are answered.
 *
 * Every change also throws `unavailable` while the models of an earlier run are being brought back, and, when it
 * cannot be saved, `resource_exhausted` (reason `disk_full`) or `internal`; nothing is changed then.
 */
export interface ControlPlane {
  /**
   * Verifies the archive, loads and warms the version, makes it the default if it is the model's first.
   *
   * The same archive again, by its digest, changes nothing and succeeds.
   *
   * @throws ServingError `invalid_argument` (broken archive, bad setting) | `not_found` (no such archive) |
   * `already_exists` (another archive of the same version) | `failed_precondition` (no usable execution provider, or
   * the same archive is registered and has failed) | `internal` (workers did not start)
   */
  register(request: RegisterRequest): Promise<WorkersOutcome>

  /** @throws ServingError `not_found` | `invalid_argument` | `internal` (workers did not start; the old ones stay) */
  scale(request: ScaleRequest): Promise<WorkersOutcome>

  /** @throws ServingError `not_found` */
  setDefault(model: ModelId): Promise<void>

  /**
   * Gives a model these labels and no others, all at once. A label moves only to a version that is ready; one that is
   * still loading is waited for.
   *
   * @param labels label → version
   * @throws ServingError `not_found` (model or version) | `invalid_argument` (a name that cannot be a label) |
   * `failed_precondition` (a version that is not ready)
   */
  setLabels(name: string, labels: Readonly<Record<string, string>>): Promise<void>

  /** Points one label to a version; the others stay. @throws ServingError as {@link ControlPlane.setLabels} */
  setLabel(model: ModelId, label: string): Promise<void>

  /** @throws ServingError `not_found` (model or label) */
  removeLabel(name: string, label: string): Promise<void>

  /** Label → version. @throws ServingError `not_found` */
  labelsOf(name: string): Readonly<Record<string, string>>

  /**
   * Stops routing, drains, unloads.
   *
   * @returns the version that is gone; without `version` in the selector, the default version.
   * @throws ServingError `not_found` | `failed_precondition` (the default version while others exist)
   */
  unregister(selector: ModelSelector): Promise<ModelId>

  /** What the repository holds and what has become of it, ordered by name and version. */
  index(): Promise<readonly RepositoryEntry[]>

  /**
   * Loads a model of the store, the versions that its policy chooses; resolves when they are ready. One that is loaded
   * already is compared with the store and replaced when that differs: the old one serves until the new one is ready,
   * and goes on when that fails.
   *
   * @throws ServingError `not_found` | `invalid_argument` (a name that is none, a model that does not load, a bad
   * configuration or file name) | `failed_precondition` (`model_control_mode` is not `explicit`)
   */
  load(request: LoadRequest): Promise<void>

  /**
   * Unloads every version of a model; resolves when no new request is taken, while those that are held still end.
   *
   * @throws ServingError `not_found` | `invalid_argument` | `failed_precondition` (as {@link ControlPlane.load})
   */
  unload(request: { readonly name: string }): Promise<void>

  /**
   * Serves these models as their directories have them, and no longer those of an earlier list that are missing here;
   * models that came in another way are left alone. Resolves when every model is as the list says, or has failed.
   *
   * @throws ServingError `invalid_argument` when the list itself is wrong; nothing is changed then
   */
  applyModelConfig(models: readonly ServedModel[]): Promise<readonly ServedModelOutcome[]>

  /** One element: the version selected, or with `version: 'all'` every version, ascending. @throws ServingError `not_found` */
  describe(selector: ModelSelector): readonly VersionDescription[]

  /** Every model by its default version, ordered by name. */
  list(): readonly ModelSummary[]
}
