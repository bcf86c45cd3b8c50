import { hasOneBucket } from '../batching/one-bucket.ts'
import type { BatchRunner, VersionRunners } from '../batching/runners.ts'
import { keepsRows } from '../../../worker/contract/keeps-rows.ts'
import { OVERLAPPING_BATCHES, type Device, type InstanceReport } from '../../../worker/contract/messages.ts'
import type { WorkerDescription } from '../control-plane.ts'
import { deferred } from '../deferred.ts'
import { SlotLane } from './slot-lane.ts'
import type { WorkerSeat, WorkerSlotListener } from './worker-slot.ts'

export type WorkerSetOptions = {
  /** Open one place of a worker process each. */
  readonly slots: readonly OpenSlot[]
  readonly listener: WorkerSlotListener
  /** Marks its workers' ids; unique among the sets of a server. */
  readonly id: number
  /** Batches that one worker may hold at a time; absent: one, or two where they overlap the engine's runs. */
  readonly maxBatchesInFlight?: number | undefined
  /** What the end of its processes waits for: others may send them batches. */
  readonly beforeStop?: ((set: WorkerSet) => Promise<void>) | undefined
}

/** A place of a worker process at one moment. */
export type SeatReading = { readonly threads: number; readonly device: Device; readonly pid?: number }

export type OpenSlot = (listener: WorkerSlotListener) => WorkerSeat

/**
 * All workers of one version at one scale. Scaling makes a new set and drains the old one, so a set never
 * changes its shape.
 */
export class WorkerSet implements VersionRunners {
  readonly #slots: readonly WorkerSeat[]
  readonly id: number
  readonly #beforeStop: WorkerSetOptions['beforeStop']
  readonly #maxBatchesInFlight: number | undefined
  readonly #started = deferred<void>()
  /** Processes that run a suspect alone, until they are idle again. */
  readonly #isolated = new WeakSet<BatchRunner>()
  #report: InstanceReport | undefined
  #hasOneBucket = false
  #hasRows = false
  #isStarted = false
  #isDraining = false

  constructor({ slots, listener, id, maxBatchesInFlight, beforeStop }: WorkerSetOptions) {
    this.id = id
    this.#beforeStop = beforeStop
    this.#maxBatchesInFlight = maxBatchesInFlight
    // A set that is stopped before anyone waits for it must not crash the server by its rejection.
    this.#started.promise.catch(() => undefined)
    const ofSlots: WorkerSlotListener = {
      ...listener,
      onInstance: (pid, report) => {
        if (this.#report === undefined) this.#learn(report)
        listener.onInstance(pid, report)
        if (this.#slots.every((slot) => slot.isReady)) this.#noteStarted()
      },
      onLoadFailed: (error) => {
        this.#started.reject(error)
        listener.onLoadFailed(error)
      },
      onRestart: (restart) => {
        // Before the first full readiness a death is a failed start; later ones are restarts.
        if (this.#isStarted) listener.onRestart(restart)
        else this.#started.reject(new Error(restart.detail))
      },
    }
    this.#slots = slots.map((open) => open(ofSlots))
  }

  /** Resolves when every worker is loaded and warm for the first time; rejects when one could not be. */
  get started(): Promise<void> {
    return this.#started.promise
  }

  /** What the first worker said of the model. */
  get report(): InstanceReport | undefined {
    return this.#report
  }

  /** Whether all requests may share engine calls. */
  get hasOneBucket(): boolean {
    return this.#hasOneBucket
  }

  /** Whether dimension 0 of the model's tensors is the rows. */
  get hasRows(): boolean {
    return this.#hasRows
  }

  get usesHeaders(): boolean {
    return this.#report?.usesHeaders ?? true
  }

  get batchesInFlight(): number {
    return this.#maxBatchesInFlight ?? (this.overlapsRuns ? OVERLAPPING_BATCHES : 1)
  }

  /** Whether a worker gets its next batch while its engine runs one. */
  get overlapsRuns(): boolean {
    return this.#report?.overlapsRuns === true || this.#report?.takesNext === true
  }

  get lanes(): readonly SlotLane[] {
    return this.#slots.map((slot) => new SlotLane(slot, this))
  }

  get size(): number {
    return this.#slots.reduce((sum, slot) => sum + slot.threads, 0)
  }

  get processes(): number {
    return this.#slots.length
  }

  get readyWorkers(): number {
    return this.#slots.reduce((sum, slot) => sum + (slot.process?.readyThreads ?? 0), 0)
  }

  /** Workers that are loaded or loading: those of a process in back-off do not count. */
  get expectedWorkers(): number {
    return this.#slots.reduce((sum, slot) => sum + (slot.backoffMs > 0 ? 0 : slot.threads), 0)
  }

  /** Time until the next try to start a worker process; 0 when none waits. */
  get backoffMs(): number {
    return Math.min(...this.#slots.map((slot) => slot.backoffMs))
  }

  /** How long the worker process has failed that failed first; undefined when none is failing. */
  get failingMs(): number | undefined {
    const failing = this.#slots.filter((slot) => slot.isFailing)
    return failing.length === 0 ? undefined : Math.max(...failing.map((slot) => slot.failingMs))
  }

  get lastFailure(): string | undefined {
    return this.#slots.find((slot) => slot.lastFailure !== undefined)?.lastFailure
  }

  pick(isAlone: boolean): BatchRunner | undefined {
    let best: BatchRunner | undefined
    for (const { process } of this.#slots) {
      if (process === undefined || !this.#hasRoom(process, isAlone)) continue
      if (best === undefined || process.runningBatches < best.runningBatches) best = process
    }
    if (best !== undefined && isAlone) this.#isolated.add(best)
    return best
  }

  describe(memoryBytesOf: (pid: number) => number): WorkerDescription[] {
    return this.#slots.flatMap((slot, slotIndex) => {
      const pid = slot.process?.pid
      const memoryBytes = pid === undefined ? 0 : memoryBytesOf(pid)
      return Array.from({ length: slot.threads }, (_, i) => ({
        id: `${this.id}-${slotIndex}-${i}`,
        state: this.#stateOf(slot, i),
        ...(pid === undefined ? {} : { pid }),
        startedAt: slot.process?.startedAt ?? new Date(0),
        memoryBytes,
        device: slot.device,
      }))
    })
  }

  get isStopped(): boolean {
    return this.#isDraining
  }

  /** Each place, and the process in it as long as that takes batches. */
  get seats(): readonly SeatReading[] {
    return this.#slots.map(({ threads, device, process }) => ({
      threads,
      device,
      ...(process === undefined || process.readyThreads === 0 ? {} : { pid: process.pid }),
    }))
  }

  get pids(): readonly number[] {
    return this.#slots.flatMap((slot) => slot.process?.pid ?? [])
  }

  /** Ends all worker processes after their running batches, for good. */
  async stop(): Promise<void> {
    this.#isDraining = true
    this.#started.reject(new Error('its workers were stopped'))
    if (this.#beforeStop !== undefined) await this.#beforeStop(this)
    await Promise.all(this.#slots.map((slot) => slot.stop()))
  }

  #learn(report: InstanceReport): void {
    this.#report = report
    this.#hasOneBucket = hasOneBucket(report)
    this.#hasRows = keepsRows(report.inputs, report.outputs)
  }

  #noteStarted(): void {
    this.#isStarted = true
    this.#started.resolve()
  }

  #hasRoom(process: { readonly readyThreads: number } & BatchRunner, isAlone: boolean): boolean {
    if (process.runningBatches === 0) {
      this.#isolated.delete(process)
      return process.readyThreads > 0
    }
    if (isAlone || this.#isolated.has(process)) return false
    return process.runningBatches < process.readyThreads * this.batchesInFlight
  }

  #stateOf(slot: WorkerSeat, index: number): WorkerDescription['state'] {
    if (this.#isDraining) return 'draining'
    if (index < (slot.process?.readyThreads ?? 0)) return 'ready'
    return slot.backoffMs > 0 ? 'failed' : 'loading'
  }
}
