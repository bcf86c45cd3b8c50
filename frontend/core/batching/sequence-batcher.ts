import { randomUUID } from 'node:crypto'
import type { SequenceBatching } from '../../../archiver-cli/format/model-config.ts'
import type { ServingError } from '../../../worker/contract/errors.ts'
import type { RequestHead, SequenceMark } from '../data-plane.ts'
import { notServing } from '../errors.ts'
import { ServiceTime } from '../service-time.ts'
import type { VersionSettings } from '../settings.ts'
import { Batcher } from './batcher.ts'
import { endIfOver } from './end-if-over.ts'
import type { Outcome, PendingRequest } from './pending-request.ts'
import { RememberedEndings } from './remembered-endings.ts'
import type { VersionRunners, WorkerLane } from './runners.ts'
import { Sequence, type Lane } from './sequence.ts'
import {
  badSequenceId,
  explicitMark,
  explicitRows,
  sequenceEnded,
  sequenceLost,
  sequenceQueueFull,
  tooManySequences,
  type SequenceEnding,
} from './sequence-errors.ts'
import { sequenceLimitsOf, type SequenceLimits } from './sequence-limits.ts'
import { WaitingCount } from './waiting-count.ts'
import type { VersionBatcher, VersionBatcherOptions } from './version-batcher.ts'

export type SequenceBatcherOptions = VersionBatcherOptions & { readonly sequences: SequenceBatching }

const SWEEP_INTERVAL_MS = 50
/** It returns in a header. */
const VALID_ID = /^[\x21-\x7e]{1,256}$/

/**
 * Keeps the requests of a sequence on one worker process, one after the other, and forms batches across sequences.
 *
 * Each worker process has a batcher of its own, which sees at most one request of a sequence at a time. The state
 * of a sequence is in its worker's memory alone: when that is gone, the sequence is over and its client is told.
 */
export class SequenceBatcher implements VersionBatcher {
  readonly #options: SequenceBatcherOptions
  readonly #limits: SequenceLimits
  #versionLimits: VersionSettings
  readonly serviceTime = new ServiceTime()
  readonly #sequences = new Map<string, Sequence>()
  readonly #endings = new RememberedEndings()
  /** Requests that wait in their sequence, not yet in a batcher. */
  readonly #waiting = new WaitingCount()
  #lanes: readonly Lane[] = []
  /** Of earlier scalings, while they still run something. */
  #retired: readonly Lane[] = []
  #cancelSweep: (() => void) | undefined
  #closedBy: ServingError | undefined

  constructor(options: SequenceBatcherOptions) {
    this.#options = options
    this.#versionLimits = options.limits
    this.#limits = sequenceLimitsOf(options.sequences)
  }

  get queuedRequests(): number {
    return this.#waiting.requests + this.#sum((batcher) => batcher.queuedRequests)
  }

  get queuedBytes(): number {
    return this.#waiting.bytes + this.#sum((batcher) => batcher.queuedBytes)
  }

  get queuedRows(): number {
    return this.#waiting.rows + this.#sum((batcher) => batcher.queuedRows)
  }

  get runningBatches(): number {
    return this.#sum((batcher) => batcher.runningBatches)
  }

  get maxRows(): number {
    return this.#versionLimits.maxBatchRows
  }

  useLimits(limits: VersionSettings): void {
    this.#versionLimits = limits
    for (const { batcher } of this.#lanes) batcher.useLimits(limits)
  }

  refusalOf({ sequence, sequenceInBody, operation }: RequestHead): ServingError | undefined {
    return operation === 'describe' || sequenceInBody === true
      ? undefined
      : this.#refusal(sequence ?? NO_MARK)
  }

  push(request: PendingRequest): void {
    if (this.#closedBy !== undefined) return request.fail(this.#closedBy, this.#nowMs())
    if (request.init.operation === 'describe') return this.#pushToAny(request)
    const mark = request.init.sequence ?? NO_MARK
    const refusal = this.#refusal(mark) ?? explicitRows(this.#options.model, mark, request.init.rows)
    if (refusal !== undefined) return request.fail(refusal, this.#nowMs())
    const id = mark.id ?? `ts-seq-${randomUUID()}`
    const sequence = this.#sequences.get(id) ?? this.#open(id)
    if (sequence === undefined) return request.fail(this.#noWorkers(), this.#nowMs())
    sequence.add(request, this.#nowMs())
    this.#waiting.count(request, 1)
    this.#advance(sequence)
    this.#startSweeping()
  }

  useRunners(runners: VersionRunners): void {
    for (const id of this.#sequences.keys()) this.#end(id, 'scaled')
    for (const { batcher } of this.#lanes) batcher.failQueued(sequenceLost(this.#options.model, SCALED))
    this.#retired = [...this.#retired, ...this.#lanes].filter(({ batcher }) => batcher.runningBatches > 0)
    this.#lanes = runners.lanes.map((lane) => ({
      runners: lane,
      batcher: this.#batcherOf(lane),
      losses: lane.losses,
      sequences: 0,
    }))
  }

  dispatch(): void {
    this.#noticeLosses()
    for (const { batcher } of this.#lanes) batcher.dispatch()
  }

  close(error: ServingError): void {
    this.#closedBy = error
    for (const { waiting } of this.#sequences.values()) this.#failWaiting(waiting, error)
    this.#sequences.clear()
    for (const { batcher } of [...this.#lanes, ...this.#retired]) batcher.close(error)
  }

  #refusal(mark: SequenceMark): ServingError | undefined {
    const { model } = this.#options
    this.#noticeLosses()
    const refusal = explicitMark(model, mark, mark.id !== undefined && this.#sequences.has(mark.id))
    if (refusal !== undefined) return this.#endedError(mark) ?? refusal
    if (mark.id === undefined) return this.#refusalWhenFull()
    if (!VALID_ID.test(mark.id)) return badSequenceId(mark.id)
    const sequence = this.#sequences.get(mark.id)
    if (sequence !== undefined) {
      const isFull = sequence.isRunning && sequence.waiting.length >= this.#limits.maxQueuedRequests
      return isFull ? sequenceQueueFull(mark.id, this.#limits.maxQueuedRequests) : undefined
    }
    return this.#endedError(mark) ?? this.#refusalWhenFull()
  }

  /** Of a sequence that is over without its client's doing. */
  #endedError({ id = '', start }: SequenceMark): ServingError | undefined {
    const ending = this.#endings.get(id)
    return ending === undefined || start ? undefined : sequenceEnded(this.#options.model, id, ending)
  }

  /** On the worker process that holds the fewest, one that is ready before others. */
  #open(id: string): Sequence | undefined {
    const loadOf = ({ runners, sequences }: Lane) =>
      sequences + (runners.readyWorkers > 0 ? 0 : this.#maxSequences)
    const lane = [...this.#lanes].sort((a, b) => loadOf(a) - loadOf(b))[0]
    if (lane === undefined) return undefined
    const sequence = new Sequence(id, lane, this.#nowMs())
    lane.sequences += 1
    this.#sequences.set(id, sequence)
    this.#endings.delete(id)
    return sequence
  }

  /** Gives the worker the next request of the sequence, if it has none. */
  #advance(sequence: Sequence): void {
    while (!sequence.isRunning && sequence.ending === undefined) {
      const request = sequence.waiting.shift()
      if (request === undefined) return
      this.#waiting.count(request, -1)
      if (endIfOver(request, this.#options.model, this.#nowMs())) continue
      const member = sequence.begin(request)
      void member.outcome.then((outcome) => {
        this.#finish(sequence, request, outcome)
      })
      sequence.lane.batcher.push(member)
    }
  }

  #finish(sequence: Sequence, request: PendingRequest, outcome: Outcome): void {
    sequence.finish()
    sequence.lastActiveMs = this.#nowMs()
    this.#noticeLosses()
    request.hasStreamed = outcome.ok && outcome.streamed === true
    request.settle(this.#trusted(sequence, outcome))
    for (const id of outcome.ok ? sequence.endedBy(outcome.response) : []) this.#end(id, 'handler')
    if (request.init.sequence?.end === true) this.#end(sequence.id, 'client')
    this.#advance(sequence)
  }

  /** A batch on its way while its thread ends goes to the next one, which remembers nothing. */
  #trusted(sequence: Sequence, outcome: Outcome): Outcome {
    if (!outcome.ok) return outcome
    if (sequence.ending !== 'lost') return { ...outcome, response: sequence.marked(outcome.response) }
    const error = sequenceEnded(this.#options.model, sequence.id, 'lost')
    return { ok: false, error, queueMs: outcome.queueMs }
  }

  #end(id: string, ending: SequenceEnding): void {
    const sequence = this.#sequences.get(id)
    if (sequence === undefined) return
    sequence.ending = ending
    sequence.lane.sequences -= 1
    this.#sequences.delete(id)
    this.#endings.note(id, ending)
    const error = sequenceEnded(this.#options.model, id, ending)
    sequence.failWaitingMember(error, this.#nowMs())
    this.#failWaiting(sequence.waiting, error)
  }

  #failWaiting(waiting: PendingRequest[], error: ServingError): void {
    for (const request of waiting.splice(0)) {
      this.#waiting.count(request, -1)
      request.fail(error, this.#nowMs())
    }
  }

  /** A thread that ended took the state of its sequences with it; those of which it knew nothing go on. */
  #noticeLosses(): void {
    for (const lane of this.#lanes) {
      const { losses } = lane.runners
      if (losses === lane.losses) continue
      lane.losses = losses
      for (const sequence of [...this.#sequences.values()]) {
        if (sequence.lane === lane && sequence.hasBegun) this.#end(sequence.id, 'lost')
      }
    }
  }

  #startSweeping(): void {
    this.#cancelSweep ??= this.#options.clock.after(SWEEP_INTERVAL_MS, () => {
      this.#cancelSweep = undefined
      this.#sweep()
      if (this.#sequences.size > 0) this.#startSweeping()
    })
  }

  #sweep(): void {
    const nowMs = this.#nowMs()
    for (const sequence of [...this.#sequences.values()]) {
      this.#dropOver(sequence)
      if (nowMs - sequence.openedAtMs >= this.#limits.timeoutMs) this.#end(sequence.id, 'timeout')
      // One that works is not idle.
      else if (!sequence.isRunning && nowMs - sequence.lastActiveMs >= this.#limits.maxIdleMs) {
        this.#end(sequence.id, 'idle')
      }
    }
  }

  #dropOver({ waiting }: Sequence): void {
    for (const request of waiting.filter((each) => endIfOver(each, this.#options.model, this.#nowMs()))) {
      waiting.splice(waiting.indexOf(request), 1)
      this.#waiting.count(request, -1)
    }
  }

  /** Describing concerns no sequence. */
  #pushToAny(request: PendingRequest): void {
    const lane = this.#lanes.find(({ runners }) => runners.readyWorkers > 0) ?? this.#lanes[0]
    if (lane === undefined) request.fail(this.#noWorkers(), this.#nowMs())
    else lane.batcher.push(request)
  }

  #batcherOf(lane: WorkerLane): Batcher {
    const { model } = this.#options
    return new Batcher({
      ...this.#options,
      limits: this.#versionLimits,
      runners: lane,
      serviceTime: this.serviceTime,
      errorOfDeath: ({ init }, detail) =>
        init.operation === 'describe' ? undefined : sequenceLost(model, detail),
    })
  }

  get #maxSequences(): number {
    return this.#limits.maxSequences ?? this.maxRows * Math.max(1, this.#lanes.length)
  }

  #refusalWhenFull(): ServingError | undefined {
    if (this.#sequences.size < this.#maxSequences) return undefined
    return tooManySequences(this.#options.model, this.#maxSequences, this.#limits.maxIdleMs)
  }

  #noWorkers(): ServingError {
    return notServing(this.#options.model, 'no_worker', 'its workers were taken away', 1000)
  }

  #sum(count: (batcher: Batcher) => number): number {
    return [...this.#lanes, ...this.#retired].reduce((sum, { batcher }) => sum + count(batcher), 0)
  }

  #nowMs(): number {
    return this.#options.clock.nowMs()
  }
}

const NO_MARK: SequenceMark = { start: false, end: false }
const SCALED = 'its workers were replaced by a scaling'
