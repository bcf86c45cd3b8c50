import { messageOf } from '../../worker/contract/errors.ts'
import type { ModelId } from '../../worker/contract/model-id.ts'
import type { Artefact } from './artefact.ts'
import { pendingFromArrived, type ArrivedRequest } from './batching/arrived-request.ts'
import type { Outcome } from './batching/pending-request.ts'
import { chooseBatcher } from './batching/choose-batcher.ts'
import { NO_RUNNERS } from './batching/runners.ts'
import type { VersionBatcher } from './batching/version-batcher.ts'
import type { Clock } from './clock.ts'
import type { RequestHead } from './data-plane.ts'
import { deferred } from './deferred.ts'
import { notServing, workersDidNotStart } from './errors.ts'
import type { EventBus } from './events.ts'
import { HandleCount } from './handle-count.ts'
import type { VersionSettings } from './settings.ts'
import { Statistics, type VersionStatistics } from './statistics.ts'
import { refusalBy, type AdmissionOptions } from './version-admission.ts'
import { nextState, type VersionState } from './version-state.ts'
import { VersionWorkers } from './workers/version-workers.ts'
import type { WorkerLayout, WorkerSets } from './workers/worker-set-factory.ts'
import type { WorkerSet } from './workers/worker-set.ts'
import { retryStateOf, type RetryState } from './retry-state.ts'
import { announceWorkers } from './workers/announce-workers.ts'
import type { WorkerSlotListener } from './workers/worker-slot.ts'

export type ModelVersionOptions = AdmissionOptions & {
  readonly artefact: Artefact
  readonly settings: VersionSettings
  readonly loadedAtStartup: boolean
  readonly workerSets: WorkerSets
  readonly events: EventBus
  readonly clock: Clock
}

/**
 * One version: its state, its queue, its workers, and the handles that requests hold on it.
 *
 * States change only in `#become`. Scaling and restarts keep a `ready` version ready: new workers are warm before
 * requests go to them, and old ones finish what they run.
 */
export class ModelVersion {
  readonly artefact: Artefact
  readonly loadedAtStartup: boolean
  readonly batcher: VersionBatcher
  readonly statistics: Statistics
  readonly #options: ModelVersionOptions
  #settings: VersionSettings
  #state: VersionState = 'new'
  #reason: string | undefined
  readonly #workers: VersionWorkers
  readonly #handles = new HandleCount()
  /** The most rows that its workers run at a time. */
  loadedRows = 0
  /** Admitted requests whose body is still being read: each has a place in the queue. */
  arriving = 0
  #restarts = 0
  #loadMs = 0
  #failedAtMs: number | undefined
  readonly #forced = deferred<void>()
  #unloaded: Promise<void> | undefined

  constructor(options: ModelVersionOptions) {
    this.#options = options
    this.artefact = options.artefact
    this.loadedAtStartup = options.loadedAtStartup
    this.statistics = new Statistics(options.clock)
    this.#settings = options.settings
    this.batcher = chooseBatcher({
      model: options.artefact.model,
      clock: options.clock,
      limits: options.settings,
      frontends: options.frontends,
      onBatch: (batch) => {
        this.statistics.batchFinished(batch.timing)
        options.events.emit('batchFinished', { model: this.model, ...batch })
      },
    })
    this.#workers = new VersionWorkers({
      artefact: options.artefact,
      factory: options.workerSets,
      listener: this.#workerListener(),
      onSwitch: (workers) => this.batcher.useRunners(workers ?? NO_RUNNERS),
    })
  }

  get model(): ModelId {
    return this.artefact.model
  }

  get state(): VersionState {
    return this.#state
  }

  /** Why it is not serving, or what last happened to its workers. */
  get reason(): string | undefined {
    return this.#reason ?? this.workers?.lastFailure
  }

  get settings(): VersionSettings {
    return this.#settings
  }

  get workers(): WorkerSet | undefined {
    return this.#workers.serving
  }

  get layout(): WorkerLayout | undefined {
    return this.#workers.layout
  }

  get restarts(): number {
    return this.#restarts
  }

  readStatistics(): VersionStatistics {
    const { model, batcher } = this
    return this.statistics.read({ model, pendingRequests: batcher.queuedRequests, loadMs: this.#loadMs })
  }

  /** What its workers' failures have come to. */
  get retry(): RetryState {
    const { clock } = this.#options
    const sinceFailedMs = this.#failedAtMs === undefined ? undefined : clock.nowMs() - this.#failedAtMs
    return retryStateOf({
      windowMs: this.#settings.maxRetryTimeoutMs,
      failingMs: sinceFailedMs ?? this.workers?.failingMs,
      lastFailure: this.workers?.lastFailure ?? this.#reason,
      backoffMs: this.workers?.backoffMs ?? 0,
    })
  }

  /** Whether it can answer now. */
  get isReady(): boolean {
    return this.#state === 'ready' && (this.workers?.readyWorkers ?? 0) > 0
  }

  /**
   * Starts, replaces, or (at 0) ends the workers, so that there are `settings.minWorkers` of them.
   *
   * Resolves when the new workers are warm and take the requests; the old ones drain in the background. At 0,
   * when the requests that are held have ended.
   *
   * @param commit makes the change durable, once the workers are warm and before they take requests.
   * @throws ServingError `failed_precondition` (no usable provider) | `invalid_argument` (the model does not load) |
   * `internal` (workers ended while starting), or what `commit` throws. Workers that served before still do.
   */
  async scale(settings: VersionSettings, commit: () => Promise<void> = NO_COMMIT): Promise<void> {
    if (settings.minWorkers === 0) {
      await commit()
      await this.#endWorkers(settings)
      return
    }
    const wasServing = this.#state === 'ready'
    if (!wasServing) this.#become('loading')
    const startedAtMs = this.#options.clock.nowMs()
    let isStarted = false
    try {
      await this.#workers.replace(settings, () => {
        isStarted = true
        return commit()
      })
    } catch (error) {
      this.#reason = messageOf(error)
      if (this.#state === 'loading') this.#become('failed', this.#reason)
      throw isStarted ? error : workersDidNotStart(this.model, error)
    }
    this.#useSettings(settings)
    this.loadedRows = settings.maxBatchRows
    this.#reason = undefined
    this.#loadMs = this.#options.clock.nowMs() - startedAtMs
    this.#options.events.emit('versionChanged', { model: this.model })
    if (wasServing) return
    this.statistics.reset()
    this.#become('ready')
  }

  /**
   * Takes settings over that concern no worker: those that serve go on.
   *
   * @param commit makes the change durable, before it counts.
   */
  async tune(settings: VersionSettings, commit: () => Promise<void>): Promise<void> {
    await commit()
    this.#useSettings(settings)
    this.#options.events.emit('versionChanged', { model: this.model })
  }

  /**
   * Takes a hold on the version for one request, or refuses it.
   *
   * The holder must call `release` exactly once after `run`, or `abandon` instead of it; unloading waits for that.
   *
   * @throws ServingError see {@link refusalBy}
   */
  acquire(head: RequestHead): void {
    // What has arrived in this turn still waits for its end, though a worker may be free to take it.
    if (this.batcher.queuedRequests >= this.#settings.maxQueuedRequests) this.batcher.dispatch()
    const refusal = refusalBy(this, head, this.#options)
    if (refusal !== undefined) throw refusal
    this.#handles.take()
    this.arriving += 1
  }

  release(): void {
    this.#handles.release()
  }

  abandon(): void {
    this.arriving -= 1
    this.#handles.release()
  }

  run(head: RequestHead, arrived: ArrivedRequest): Promise<Outcome> {
    this.arriving -= 1
    const request = pendingFromArrived(head, arrived, {
      settings: this.#settings,
      hasOneBucket: this.workers?.hasOneBucket,
      hasRows: this.workers?.hasRows,
      inputs: this.workers?.report?.inputs,
    })
    this.batcher.push(request)
    return request.outcome
  }

  /** Gives up on workers that are still loading; the scaling that started them fails. */
  async abandonStart(): Promise<void> {
    await this.#workers.abandonStart()
  }

  /**
   * Refuses new requests, waits for the held ones, and ends the workers. A second call joins the first.
   *
   * @param timeoutMs after which what is still held fails with `unavailable`; the shortest of several calls counts.
   */
  async unload(timeoutMs: number): Promise<void> {
    const cancel = this.#options.clock.after(timeoutMs, () => {
      this.batcher.close(notServing(this.model, 'draining', `it did not drain within ${timeoutMs} ms`, 1000))
      this.#forced.resolve()
    })
    this.#unloaded ??= this.#drainAndEnd()
    await this.#unloaded
    cancel()
  }

  async #drainAndEnd(): Promise<void> {
    this.#become('draining')
    await Promise.race([this.#handles.untilNone(), this.#forced.promise])
    this.#become('unloading')
    await this.#workers.stop()
    this.#become('unloaded')
  }

  /** The held requests are answered first: they were accepted. Each ends by its deadline at the latest. */
  async #endWorkers(settings: VersionSettings): Promise<void> {
    if (this.#state !== 'new') this.#become('new', 'it was scaled to 0 workers')
    const timeout = deferred<void>()
    const cancel = this.#options.clock.after(settings.inferenceTimeoutMs, timeout.resolve)
    await Promise.race([this.#handles.untilNone(), timeout.promise])
    cancel()
    this.#useSettings(settings)
    this.#workers.remove()
  }

  #useSettings(settings: VersionSettings): void {
    this.#settings = settings
    this.batcher.useLimits(settings)
  }

  #workerListener(): WorkerSlotListener {
    const announce = announceWorkers(this.#options.events, this.model)
    return {
      ...announce,
      onInstance: (pid, report) => {
        for (const { rows, ms } of report.warmUps ?? []) this.batcher.serviceTime.observe(rows, ms)
        announce.onInstance(pid, report)
      },
      onChange: () => {
        this.batcher.dispatch()
      },
      onRestart: (restart) => {
        this.#restarts += 1
        announce.onRestart(restart)
      },
    }
  }

  #become(to: VersionState, reason?: string): void {
    const from = this.#state
    this.#state = nextState(from, to)
    this.#failedAtMs = to === 'failed' ? this.#options.clock.nowMs() : undefined
    this.#reason = reason
    const because = reason === undefined ? {} : { reason }
    this.#options.events.emit('stateChanged', { model: this.model, from, to, ...because })
  }
}

const NO_COMMIT = () => Promise.resolve()
