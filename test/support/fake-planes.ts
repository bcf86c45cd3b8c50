import type {
  ControlPlane,
  LoadRequest,
  ModelSummary,
  RegisterRequest,
  RepositoryEntry,
  ScaleRequest,
  ServedModel,
  ServedModelOutcome,
  VersionDescription,
  WorkersOutcome,
} from '../../frontend/core/control-plane.ts'
import type {
  AdmittedRequest,
  DataPlane,
  InferenceResponse,
  ModelPresence,
  ModelSelector,
  OnPiece,
  RequestHead,
  RunOptions,
  ServerHealth,
  VersionHealth,
  VersionMetadata,
  VersionStatistics,
  VersionStatus,
} from '../../frontend/core/data-plane.ts'
import { modelNotFound } from '../../frontend/core/errors.ts'
import { describeSettings } from '../../frontend/core/settings.ts'
import type { RequestPayload } from '../../worker/contract/messages.ts'
import type { ModelId } from '../../worker/contract/model-id.ts'
import type { TensorMetadata } from '../../worker/contract/tensor.ts'
import { settings } from './artefacts.ts'

export const DIGITS: ModelId = { name: 'digits', version: '1.0' }

export const DEVICE = { provider: 'cpu', deviceId: 0 } as const

export function bytesResponse(text: string, extra: Partial<InferenceResponse> = {}): InferenceResponse {
  return {
    model: DIGITS,
    payload: { kind: 'bytes', contentType: 'application/json', bytes: Buffer.from(text) },
    streamed: false,
    timing: {
      queueMs: 0,
      workerMs: 1,
      batch: { preprocessMs: 0, inferenceMs: 1, postprocessMs: 0, rows: 1, runs: 1 },
      batchRequests: 1,
      closedBy: 'idle_worker',
      predictedMs: 0,
    },
    ...extra,
  }
}

/** A data plane whose answers a test sets as values; an `Error` is thrown instead of returned. */
export class FakeDataPlane implements DataPlane {
  admission: Error | undefined
  outcome: InferenceResponse | Error = bytesResponse('{"7":0.9}')
  /** Replaces `outcome`: decides by what it got. */
  onRun:
    | ((payload: RequestPayload, head: RequestHead, onPiece?: OnPiece) => Promise<InferenceResponse>)
    | undefined
  currentHealth: ServerHealth = {
    live: true,
    ready: true,
    versions: [{ model: DIGITS, ready: true }],
    overdue: [],
    shuttingDown: false,
  }
  currentModels: readonly ModelPresence[] = [{ name: 'digits', loadedAtStartup: true }]
  currentStatistics: readonly VersionStatistics[] = []
  currentMetadata: VersionMetadata | Error = {
    model: DIGITS,
    handler: 'tensor',
    envelope: 'none',
    inputs: [],
    outputs: [],
    handlesTensors: true,
    hasRows: true,
    versions: ['1.0'],
    maxBatchRows: 8,
    device: DEVICE,
  }
  maxRequestBytes = 100_000
  /** Of every admitted request. */
  inputs: readonly TensorMetadata[] = []

  readonly heads: RequestHead[] = []
  readonly payloads: RequestPayload[] = []
  /** What only the bodies said, in the order of `payloads`. */
  readonly runOptions: RunOptions[] = []
  cancelled = 0

  admit(head: RequestHead): AdmittedRequest {
    this.heads.push(head)
    if (this.admission !== undefined) throw this.admission
    const model = { name: head.model.name, version: head.model.version ?? DIGITS.version }
    return {
      model,
      maxRequestBytes: this.maxRequestBytes,
      inputs: this.inputs,
      run: async (payload, options = {}) => {
        this.payloads.push(payload)
        this.runOptions.push(options)
        if (this.onRun !== undefined) return this.onRun(payload, head, options.onPiece)
        return valueOrThrow(this.outcome)
      },
      giveBack: () => undefined,
      cancel: () => {
        this.cancelled++
      },
    }
  }

  health(): ServerHealth {
    return this.currentHealth
  }

  models(): readonly ModelPresence[] {
    return this.currentModels
  }

  integerVersionOf(): string {
    return '1'
  }

  modelHealth(selector: ModelSelector): VersionHealth {
    const isMeant = ({ model }: VersionHealth) =>
      model.name === selector.name && (selector.version ?? model.version) === model.version
    const health = this.currentHealth.versions.find(isMeant)
    if (health === undefined) throw modelNotFound(selector.name, [])
    return health
  }

  statesOf(name: string): readonly VersionStatus[] {
    const versions = this.currentHealth.versions.filter(({ model }) => model.name === name)
    if (versions.length === 0) throw modelNotFound(name, [])
    return versions.map((health) => ({ state: health.ready ? 'ready' : 'loading', ...health }))
  }

  statistics(): readonly VersionStatistics[] {
    return this.currentStatistics
  }

  metadata(): VersionMetadata {
    return valueOrThrow(this.currentMetadata)
  }
}

export const DESCRIPTION: VersionDescription = {
  model: DIGITS,
  archive: 'digits.mar',
  digest: 'ab'.repeat(32),
  isDefault: true,
  labels: [],
  state: 'ready',
  handler: 'image_classifier',
  loadedAtStartup: true,
  minWorkers: 1,
  maxWorkers: 2,
  workerProcesses: 1,
  intraOpThreads: 2,
  layoutReason: '2 CPUs ÷ 1 worker',
  batchesInFlight: { perWorker: 1, reason: 'a worker on the CPU takes one' },
  maxBatchRows: 32,
  maxBatchDelayMs: 5,
  inferenceTimeoutMs: 1500,
  startupTimeoutMs: 120_000,
  maxQueuedRequests: 100,
  maxRequestBytes: 1000,
  provider: { device: DEVICE, reason: 'no GPU answers' },
  inputs: [{ name: 'x', dtype: 'FP32', shape: ['batch', 4] }],
  outputs: [{ name: 'y', dtype: 'FP32', shape: ['batch', 3] }],
  workers: [
    {
      id: 'digits-1.0-1',
      state: 'loading',
      pid: 42,
      startedAt: new Date(0),
      memoryBytes: 1024,
      device: DEVICE,
    },
  ],
  queuedRequests: 3,
  runningBatches: 1,
  serviceTime: { fixedMs: 4, perRowMs: 0.5 },
  restarts: 1,
  retry: { windowMs: 300_000 },
  settings: describeSettings(settings({ minWorkers: 1, maxWorkers: 2, sources: { minWorkers: 'api' } })),
}

/** A control plane that records what it was asked and gives the answers a test set. */
export class FakeControlPlane implements ControlPlane {
  outcome: WorkersOutcome | Error = { model: DIGITS, state: 'ready', workers: 2 }
  /** Replaces `outcome` for registrations: decides by what it got. */
  onRegister: ((request: RegisterRequest) => WorkersOutcome | Error) | undefined
  failure: Error | undefined
  models: readonly ModelSummary[] = [{ name: 'digits', archive: 'digits.mar' }]
  descriptions: readonly VersionDescription[] = [DESCRIPTION]
  labels: Readonly<Record<string, string>> = {}
  entries: readonly RepositoryEntry[] = [
    { name: 'digits', version: '1.0', state: 'ready' },
    { name: 'never' },
  ]
  applied: readonly ServedModelOutcome[] = []
  readonly calls: unknown[] = []

  async register(request: RegisterRequest): Promise<WorkersOutcome> {
    return this.#answer(['register', request], this.onRegister?.(request) ?? this.outcome)
  }

  async scale(request: ScaleRequest): Promise<WorkersOutcome> {
    return this.#answer(['scale', request], this.outcome)
  }

  async setDefault(model: ModelId): Promise<void> {
    await this.#answer(['setDefault', model], undefined)
  }

  async unregister(selector: ModelSelector): Promise<ModelId> {
    return this.#answer(['unregister', selector], DIGITS)
  }

  async setLabels(name: string, labels: Readonly<Record<string, string>>): Promise<void> {
    await this.#answer(['setLabels', name, labels], undefined)
  }

  async setLabel(model: ModelId, label: string): Promise<void> {
    await this.#answer(['setLabel', model, label], undefined)
  }

  async removeLabel(name: string, label: string): Promise<void> {
    await this.#answer(['removeLabel', name, label], undefined)
  }

  labelsOf(): Readonly<Record<string, string>> {
    return this.labels
  }

  async index(): Promise<readonly RepositoryEntry[]> {
    return this.#answer(['index'], this.entries)
  }

  async load(request: LoadRequest): Promise<void> {
    await this.#answer(['load', request], undefined)
  }

  async unload(request: { readonly name: string }): Promise<void> {
    await this.#answer(['unload', request], undefined)
  }

  async applyModelConfig(models: readonly ServedModel[]): Promise<readonly ServedModelOutcome[]> {
    return this.#answer(['applyModelConfig', models], this.applied)
  }

  describe(selector: ModelSelector): readonly VersionDescription[] {
    this.calls.push(['describe', selector])
    if (this.failure !== undefined) throw this.failure
    return this.descriptions
  }

  list(): readonly ModelSummary[] {
    return this.models
  }

  async #answer<T>(call: unknown, value: T | Error): Promise<T> {
    this.calls.push(call)
    if (this.failure !== undefined) throw this.failure
    return valueOrThrow(value)
  }
}

function valueOrThrow<T>(value: T | Error): T {
  if (value instanceof Error) throw value
  return value
}
