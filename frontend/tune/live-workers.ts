import { messageOf, ServingError } from '../../worker/contract/errors.ts'
import type { InstanceReport } from '../../worker/contract/messages.ts'
import type { Artefact } from '../core/artefact.ts'
import type { Clock } from '../core/clock.ts'
import { privateBytes } from '../core/process-memory.ts'
import { isStateful, type VersionSettings } from '../core/settings.ts'
import { planWorkers } from '../core/workers/worker-plan.ts'
import { WorkerSetFactory } from '../core/workers/worker-set-factory.ts'
import type { StartWorkerProcess } from '../core/workers/worker-process.ts'
import type { WorkerSet } from '../core/workers/worker-set.ts'
import type { Layout } from './combinations.ts'
import { replay, runBatch, type Replay } from './replay.ts'
import { requestOf, SampleBatches, type MeasuredSample } from './sample-batches.ts'
import type { Sample } from './samples.ts'

export type LiveOptions = {
  readonly artefact: Artefact
  /** Of the archive as it is. */
  readonly settings: VersionSettings
  readonly startProcess: StartWorkerProcess
  readonly cpus: number
  readonly clock: Clock
}

/** Worker processes in one layout, as the server would start them, for replays of batches. */
export class LiveWorkers {
  readonly #options: LiveOptions
  readonly #workers: WorkerSet
  readonly #inFlight: number

  private constructor(options: LiveOptions, workers: WorkerSet, layout: Layout) {
    this.#options = options
    this.#workers = workers
    this.#inFlight = layout.workers * workers.batchesInFlight
  }

  /**
   * Starts them and waits until all are warm.
   *
   * @param maxBatchRows the most that a batch will have
   * @throws ServingError with the reason why the model does not load in this layout
   */
  static async start(options: LiveOptions, layout: Layout, maxBatchRows: number): Promise<LiveWorkers> {
    const { artefact, settings, cpus, clock, startProcess } = options
    const factory = new WorkerSetFactory({
      cpus,
      findings: { find: async () => [] },
      startProcess,
      clock,
      random: () => 0,
    })
    const { provider, workers: count, intraOpThreads } = layout
    const plan = planWorkers({
      workers: count,
      workerProcesses: isStateful(settings) ? count : settings.workerProcesses,
      intraOpThreads,
      provider,
      deviceIds: settings.deviceIds,
      cpus,
    })
    const tried = { ...settings, minWorkers: count, maxWorkers: count, intraOpThreads, maxBatchRows }
    const workers = factory.start(artefact, tried, { provider: { provider, reason: 'tried' }, plan }, SILENT)
    try {
      await workers.started
    } catch (error) {
      await workers.stop()
      const reason = `it does not start: ${messageOf(error)}`
      throw new ServingError('failed_precondition', reason, { cause: error })
    }
    return new LiveWorkers(options, workers, layout)
  }

  /** What the first worker says of the model. */
  get report(): InstanceReport | undefined {
    return this.#workers.report
  }

  get privateBytes(): number {
    return this.#workers.pids.reduce((sum, pid) => sum + privateBytes(pid), 0)
  }

  /**
   * Asks each sample by itself, to know its rows and that the model takes it.
   *
   * @throws ServingError naming the sample that the model refuses
   */
  async count(samples: readonly Sample[], signal: AbortSignal): Promise<readonly MeasuredSample[]> {
    const counted: MeasuredSample[] = []
    for (const sample of samples) {
      signal.throwIfAborted()
      const batch = { requests: [requestOf(sample, 0)], samples: [sample], rows: 1 }
      const { timing } = await runBatch(batch, this.#replaying)
      counted.push({ ...sample, rows: Math.max(1, timing.rows) })
    }
    return counted
  }

  /** See {@link replay}. */
  replay(
    samples: readonly MeasuredSample[],
    options: { readonly batchRows: number; readonly durationMs: number; readonly signal: AbortSignal },
  ): Promise<Replay> {
    const batches = new SampleBatches(samples)
    return replay({ ...this.#replaying, ...options, batches, inFlight: this.#inFlight })
  }

  stop(): Promise<void> {
    return this.#workers.stop()
  }

  get #replaying() {
    const { clock, settings } = this.#options
    return { runners: this.#workers, clock, timeoutMs: settings.inferenceTimeoutMs }
  }
}

const IGNORE = () => undefined
const SILENT = {
  onChange: IGNORE,
  onInstance: IGNORE,
  onLoadFailed: IGNORE,
  onRestart: IGNORE,
  onLog: IGNORE,
  onMetrics: IGNORE,
}
