import { checkFeeds } from '../../worker/contract/check-feeds.ts'
import type { RequestPayload } from '../../worker/contract/messages.ts'
import { formatModelId } from '../../worker/contract/model-id.ts'
import { ServingError } from '../../worker/contract/errors.ts'
import type { Outcome } from './batching/pending-request.ts'
import type { Clock } from './clock.ts'
import type {
  AdmittedRequest,
  DataPlane,
  InferenceResponse,
  ModelSelector,
  RequestHead,
  ServerHealth,
  VersionHealth,
  VersionMetadata,
} from './data-plane.ts'
import { bodyTooLarge, notServing, shuttingDown } from './errors.ts'
import type { EventBus } from './events.ts'
import type { ModelRegistry } from './model-registry.ts'
import type { ModelVersion } from './model-version.ts'

/** The data plane over the registry. */
export class InferenceService implements DataPlane {
  readonly #registry: ModelRegistry
  readonly #events: EventBus
  readonly #clock: Clock
  #isShuttingDown = false
  #startupFailures: readonly string[] = []

  constructor(registry: ModelRegistry, events: EventBus, clock: Clock) {
    this.#registry = registry
    this.#events = events
    this.#clock = clock
  }

  /** Fails readiness; requests that arrive on open connections are still served. */
  announceShutdown(): void {
    this.#isShuttingDown = true
  }

  /** Models that should have been there at start and are not: the server is not ready while it lacks them. */
  noteStartupFailures(failures: readonly string[]): void {
    this.#startupFailures = failures
  }

  admit(head: RequestHead): AdmittedRequest {
    const version = this.#registry.resolve(head.model)
    try {
      version.acquire(head)
    } catch (error) {
      this.#noteRejection(version, head, error)
      throw error
    }
    return new HeldRequest({ version, head, events: this.#events, clock: this.#clock })
  }

  health(): ServerHealth {
    const versions = this.#registry.all().map(versionHealth)
    const problems = [
      ...(this.#isShuttingDown ? [shuttingDown().message] : []),
      ...this.#startupFailures,
      ...versions.flatMap(({ model, reason }) =>
        reason === undefined ? [] : `${formatModelId(model)}: ${reason}`,
      ),
    ]
    if (problems.length === 0) return { live: true, ready: true, versions }
    return { live: true, ready: false, reason: problems.join('; '), versions }
  }

  metadata(selector: ModelSelector): VersionMetadata {
    const version = this.#registry.resolve(selector)
    const report = version.workers?.report
    if (report === undefined) {
      throw notServing(version.model, 'loading', 'no worker has loaded it yet', 1000)
    }
    return { model: version.model, inputs: report.inputs, outputs: report.outputs, device: report.device }
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

function versionHealth(version: ModelVersion): VersionHealth {
  // A version scaled to 0 is as its operator wants it; it does not make the server unready.
  if (version.isReady || version.state === 'new') return { model: version.model, ready: version.isReady }
  const reason = version.state === 'ready' ? 'no worker is ready' : `it is ${version.state}`
  const detail = version.reason === undefined ? '' : ` (${version.reason})`
  return { model: version.model, ready: false, reason: `${reason}${detail}` }
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

  async run(payload: RequestPayload): Promise<InferenceResponse> {
    const { version, head } = this.#options
    try {
      const checked = this.#checked(payload)
      this.#hasRun = true
      const outcome = await version.run(head, this.#arrivedAtMs, checked)
      this.#announce(outcome)
      if (!outcome.ok) throw outcome.error
      return responseOf(version, outcome)
    } finally {
      this.cancel()
    }
  }

  /** What is wrong with a request is found here, before it can share a batch. */
  #checked(payload: RequestPayload): RequestPayload {
    if (payload.kind === 'tensors') return { ...payload, tensors: checkFeeds(this.inputs, payload.tensors) }
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
      ...(outcome.ok ? {} : { code: outcome.error.code }),
      totalMs: clock.nowMs() - this.#arrivedAtMs,
      queueMs: outcome.queueMs,
    })
  }
}

function responseOf(version: ModelVersion, outcome: Outcome & { ok: true }): InferenceResponse {
  const { response, timing, batchRequests, queueMs, workerMs } = outcome
  return { model: version.model, ...response, timing: { queueMs, workerMs, batch: timing, batchRequests } }
}
