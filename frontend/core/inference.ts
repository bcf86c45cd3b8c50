import { formatModelId, type ModelId } from '../../worker/contract/model-id.ts'
import { ServingError } from '../../worker/contract/errors.ts'
import type { ByteBudget } from './byte-budget.ts'
import type { Clock } from './clock.ts'
import type {
  AdmittedRequest,
  DataPlane,
  ModelPresence,
  ModelSelector,
  RequestHead,
  ServerHealth,
  VersionHealth,
  VersionMetadata,
  VersionStatistics,
  VersionStatus,
} from './data-plane.ts'
import { notServing, shuttingDown, stillStarting } from './errors.ts'
import type { EventBus } from './events.ts'
import { HeldRequest } from './held-request.ts'
import type { ModelRegistry } from './model-registry.ts'
import type { ModelVersion } from './model-version.ts'
import { isOverdue, overdueReason } from './retry-state.ts'
import { metadataOf } from './version-metadata.ts'
import type { StartupFailure } from './startup.ts'
import type { VersionState } from './version-state.ts'

export type InferenceOptions = {
  readonly events: EventBus
  readonly clock: Clock
  readonly budget?: ByteBudget | undefined
}

/** The data plane over the registry. */
export class InferenceService implements DataPlane {
  readonly #registry: ModelRegistry
  readonly #events: EventBus
  readonly #clock: Clock
  readonly #budget: ByteBudget | undefined
  #isShuttingDown = false
  #isStarting = false
  #startupFailures: readonly StartupFailure[] = []

  /** @param budget of the bytes of all requests that are held; absent: no bound but those of the models */
  constructor(registry: ModelRegistry, { events, clock, budget }: InferenceOptions) {
    this.#registry = registry
    this.#budget = budget
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
      this.#acquire(version, head)
    } catch (error) {
      this.#noteRejection(version, head, error)
      throw error
    }
    return new HeldRequest({
      version,
      head,
      events: this.#events,
      clock: this.#clock,
      budget: this.#budget,
    })
  }

  /** The version first: what it refuses for reasons of its own may succeed elsewhere. */
  #acquire(version: ModelVersion, head: RequestHead): void {
    version.acquire(head)
    try {
      this.#budget?.take(head.announcedBytes ?? 0)
    } catch (error) {
      version.abandon()
      throw error
    }
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

  statistics(selector?: ModelSelector): VersionStatistics[] {
    return this.#counted(selector).map((version) => version.readStatistics())
  }

  /** Without a version, all those of the model; without a model, all. */
  #counted(selector: ModelSelector | undefined): readonly ModelVersion[] {
    if (selector === undefined) return this.#registry.all()
    const version = this.#resolve(selector)
    const isOne = selector.version !== undefined || selector.label !== undefined
    return isOne ? [version] : this.#registry.versionsOf(selector.name)
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
    version.statistics.requestRejected()
    this.#events.emit('requestRejected', {
      model: version.model,
      requestId: head.requestId,
      code: error.code,
      reason: error.reason ?? error.code,
    })
  }
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
