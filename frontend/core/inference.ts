import type { RequestPayload } from '../../worker/contract/messages.ts'
import { formatModelId, type ModelId } from '../../worker/contract/model-id.ts'
import { ServingError } from '../../worker/contract/errors.ts'
import type { Outcome } from './batching/pending-request.ts'
import type { Clock } from './clock.ts'
import type {
  AdmittedRequest,
  DataPlane,
  InferenceResponse,
  ModelPresence,
  ModelSelector,
  RequestHead,
  RunOptions,
  ServerHealth,
  VersionHealth,
  VersionMetadata,
  VersionStatus,
} from './data-plane.ts'
import { bodyTooLarge, notServing, shuttingDown, stillStarting } from './errors.ts'
import type { EventBus } from './events.ts'
import type { ModelRegistry } from './model-registry.ts'
import type { ModelVersion } from './model-version.ts'
import { isOverdue, overdueReason } from './retry-state.ts'
import { checkTensorRequest } from './tensor-request.ts'
import { metadataOf } from './version-metadata.ts'
import type { StartupFailure } from './startup.ts'
import type { VersionState } from './version-state.ts'

/** The data plane over the registry. */
export class InferenceService implements DataPlane {
  readonly #registry: ModelRegistry
  readonly #events: EventBus
  readonly #clock: Clock
  #isShuttingDown = false
  #isStarting = false
  #startupFailures: readonly StartupFailure[] = []

  constructor(registry: ModelRegistry, events: EventBus, clock: Clock) {
    this.#registry = registry
    this.#events = events
    this.#clock = clock
  }

  /** Fails readiness; requests that arrive on open connections are still served. */
  announceShutdown(): void {
    this.#isShuttingDown = true
  }

  /** The models of an earlier run are being brought back: what is not there yet may still come. */
  beginStartup(): void {
    this.#isStarting = true
  }

  /** @param failures what should be there and is not: the server is not ready while it lacks them. */
  endStartup(failures: readonly StartupFailure[]): void {
    this.#isStarting = false
    this.#startupFailures = failures
  }

  admit(head: RequestHead): AdmittedRequest {
    const version = this.#resolve(head.model)
    try {
      version.acquire(head)
    } catch (error) {
      this.#noteRejection(version, head, error)
      throw error
    }
    return new HeldRequest({ version, head, events: this.#events, clock: this.#clock })
  }

  health(): ServerHealth {
    const registered = this.#registry.all()
    const versions = registered.map(versionHealth)
    const problems = [
      ...(this.#isShuttingDown ? [shuttingDown().message] : []),
      ...(this.#isStarting ? [stillStarting().message] : []),
      ...this.#startupFailures.flatMap((failure) => (this.#isMissing(failure) ? failure.message : [])),
      ...registered.flatMap(problemOf),
    ]
    const facts = {
      live: true,
      versions,
      overdue: this.#overdue(),
      shuttingDown: this.#isShuttingDown,
    } as const
    if (problems.length === 0) return { ...facts, ready: true }
    return { ...facts, ready: false, reason: problems.join('; ') }
  }

  models(): ModelPresence[] {
    return this.#registry.names().map((name) => ({
      name,
      loadedAtStartup: this.#registry.versionsOf(name).some((version) => version.loadedAtStartup),
    }))
  }

  integerVersionOf(model: ModelId): string {
    return this.#registry.integerVersionOf(model)
  }

  modelHealth(selector: ModelSelector): VersionHealth {
    return versionHealth(this.#resolve(selector))
  }

  statesOf(name: string): VersionStatus[] {
    this.#resolve({ name })
    return this.#registry
      .versionsOf(name)
      .map((version) => ({ ...versionHealth(version), state: version.state }))
  }

  metadata(selector: ModelSelector): VersionMetadata {
    const version = this.#resolve(selector)
    const report = version.workers?.report
    if (report === undefined) {
      throw notServing(version.model, 'loading', 'no worker has loaded it yet', 1000)
    }
    return metadataOf(version, report, this.#readyVersionsOf(version.model.name))
  }

  #readyVersionsOf(name: string): string[] {
    return this.#registry.versionsOf(name).flatMap(({ model, isReady }) => (isReady ? [model.version] : []))
  }

  #overdue(): ModelId[] {
    const defaults = this.#registry.names().map((name) => this.#registry.resolve({ name }))
    return defaults.flatMap(({ model, retry }) => (isOverdue(retry) ? [model] : []))
  }

  /** A version that is registered, by whatever way, speaks for itself. */
  #isMissing({ missing }: StartupFailure): boolean {
    if (typeof missing === 'string') return false
    if (!('archive' in missing)) return !this.#registry.has(missing)
    return !this.#registry.all().some((version) => version.artefact.archive === missing.archive)
  }

  #resolve(selector: ModelSelector): ModelVersion {
    try {
      return this.#registry.resolve(selector)
    } catch (error) {
      throw this.#isStarting ? stillStarting() : error
    }
  }

  #noteRejection(version: ModelVersion, head: RequestHead, error: unknown): void {
    if (!(error instanceof ServingError)) return
    this.#events.emit('requestRejected', {
      model: version.model,
      requestId: head.requestId,
      code: error.code,
      reason: error.reason ?? error.code,
    })
  }
}

function isByDefault({ version, label, integerVersion }: ModelSelector): boolean {
  return version === undefined && label === undefined && integerVersion === undefined
}

function versionHealth(version: ModelVersion): VersionHealth {
  const { model } = version
  return version.isReady ? { model, ready: true } : { model, ready: false, reason: whyNotReady(version) }
}

function whyNotReady(version: ModelVersion): string {
  const { state, reason, retry } = version
  const what =
    state === 'ready' ? 'no worker is ready' : state === 'new' ? 'it has no workers' : `it is ${state}`
  const why = reason === undefined ? what : `${what} (${reason})`
  return state === 'ready' && isOverdue(retry) ? `${why}; ${overdueReason(retry)}` : why
}

/**
 * As its operator wants them, and no reason to send nobody here: versions without workers, those that leave, and
 * those that an operator adds to a server which already answers. What loads at the start counts as the start.
 */
const MAY_BE_UNREADY: readonly VersionState[] = ['new', 'loading', 'draining', 'unloading', 'unloaded']

function problemOf(version: ModelVersion): string[] {
  if (version.isReady || MAY_BE_UNREADY.includes(version.state)) return []
  return [`${formatModelId(version.model)}: ${whyNotReady(version)}`]
}

type HeldRequestOptions = {
  readonly version: ModelVersion
  readonly head: RequestHead
  readonly events: EventBus
  readonly clock: Clock
}

/** A request's hold on a version, released exactly once. */
class HeldRequest implements AdmittedRequest {
  readonly #options: HeldRequestOptions
  readonly #arrivedAtMs: number
  #isHeld = true
  #hasRun = false

  constructor(options: HeldRequestOptions) {
    this.#options = options
    this.#arrivedAtMs = options.clock.nowMs()
  }

  get model() {
    return this.#options.version.model
  }

  get maxRequestBytes() {
    return this.#options.version.settings.maxRequestBytes
  }

  get inputs() {
    return this.#options.version.workers?.report?.inputs ?? []
  }

  async run(payload: RequestPayload, options: RunOptions = {}): Promise<InferenceResponse> {
    try {
      const outcome = await this.#outcomeOf(payload, options)
      this.#announce(outcome)
      if (!outcome.ok) throw outcome.error
      return responseOf(this.#options.version, outcome)
    } finally {
      this.cancel()
    }
  }

  async #outcomeOf(payload: RequestPayload, options: RunOptions): Promise<Outcome> {
    const { version, head } = this.#options
    let checked: RequestPayload
    try {
      checked = this.#checked(payload)
    } catch (error) {
      if (error instanceof ServingError) return { ok: false, error, queueMs: 0 }
      throw error
    }
    this.#hasRun = true
    return version.run(head, { ...options, arrivedAtMs: this.#arrivedAtMs, payload: checked })
  }

  /** What is wrong with a request is found here, before it can share a batch. */
  #checked(payload: RequestPayload): RequestPayload {
    if (payload.kind === 'tensors') return checkTensorRequest(this.#options.version, payload)
    const bytes = payload.parts.reduce((sum, part) => sum + part.bytes.byteLength, 0)
    if (bytes > this.maxRequestBytes) throw bodyTooLarge(this.model, bytes, this.maxRequestBytes)
    return payload
  }

  cancel(): void {
    if (!this.#isHeld) return
    this.#isHeld = false
    if (this.#hasRun) this.#options.version.release()
    else this.#options.version.abandon()
  }

  #announce(outcome: Outcome): void {
    const { events, clock, head } = this.#options
    events.emit('requestFinished', {
      model: this.model,
      requestId: head.requestId,
      ...(outcome.ok ? { batch: outcome.timing } : { code: outcome.error.code }),
      totalMs: clock.nowMs() - this.#arrivedAtMs,
      queueMs: outcome.queueMs,
      byDefault: isByDefault(head.model),
    })
  }
}

function responseOf(version: ModelVersion, outcome: Outcome & { ok: true }): InferenceResponse {
  const { response, timing, batchRequests, queueMs, workerMs } = outcome
  return {
    model: version.model,
    ...response,
    streamed: outcome.streamed === true,
    timing: { queueMs, workerMs, batch: timing, batchRequests },
  }
}
