import type { Artefact } from '../artefact.ts'
import { isStateful, type VersionSettings } from '../settings.ts'
import type { Clock } from '../clock.ts'
import type { ProviderFindings } from './provider-findings.ts'
import { chooseProvider, wantedProviders, type ProviderChoice } from './provider-choice.ts'
import { planWorkers, type WorkerPlan } from './worker-plan.ts'
import type { StartWorkerProcess } from './worker-process.ts'
import { WorkerSet, type WorkerSetOptions } from './worker-set.ts'

/** How a version's workers run: on what, how many, and why so. */
export type WorkerLayout = { readonly provider: ProviderChoice; readonly plan: WorkerPlan }

export type WorkerSetFactoryOptions = {
  readonly cpus: number
  /** GPUs, numbered from 0; one when absent. */
  readonly gpus?: number
  readonly findings: ProviderFindings
  readonly startProcess: StartWorkerProcess
  readonly clock: Clock
  readonly random: () => number
}

/** Heap of one worker thread: handlers hold tokenizers and request bodies, tensors live outside the heap. */
const MAX_HEAP_MEBIBYTES = 1024

/** Makes the worker sets of all versions. */
export class WorkerSetFactory {
  readonly #options: WorkerSetFactoryOptions
  #nextId = 1
  /** Whose turn it is among the GPUs. */
  #nextGpu = 0

  constructor(options: WorkerSetFactoryOptions) {
    this.#options = options
  }

  /**
   * Chooses provider and layout, probing GPUs if the setting allows one.
   *
   * @throws ServingError `failed_precondition` when no listed provider can run.
   */
  async plan(settings: VersionSettings): Promise<WorkerLayout> {
    const { minWorkers, workerProcesses, intraOpThreads } = settings
    const wanted = wantedProviders(settings, this.#gpus)
    const provider = chooseProvider(wanted, await this.#options.findings.find(wanted))
    const plan = planWorkers({
      workers: minWorkers,
      // State lives in a thread, and frames are routed to processes: each worker gets its own.
      workerProcesses: isStateful(settings) ? minWorkers : workerProcesses,
      intraOpThreads,
      provider: provider.provider,
      deviceIds: provider.provider === 'cpu' ? [] : this.#deviceIds(settings),
      cpus: this.#options.cpus,
    })
    return { provider, plan }
  }

  get #gpus(): number {
    return this.#options.gpus ?? 1
  }

  /** Those that the model names, else all, so that the workers of all models take turns. */
  #deviceIds({ deviceIds, minWorkers }: VersionSettings): readonly number[] {
    if (deviceIds.length > 0) return deviceIds
    const first = this.#nextGpu
    this.#nextGpu = (first + minWorkers) % this.#gpus
    return Array.from({ length: this.#gpus }, (_, i) => (first + i) % this.#gpus)
  }

  start(
    artefact: Artefact,
    settings: VersionSettings,
    layout: WorkerLayout,
    listener: WorkerSetOptions['listener'],
  ): WorkerSet {
    const { startProcess, clock, random } = this.#options
    const { files: _, ...manifest } = artefact.manifest
    const { serializedFile } = manifest.model
    return new WorkerSet({
      id: this.#nextId++,
      listener,
      maxBatchesInFlight: settings.maxBatchesInFlight,
      slots: layout.plan.processes.map(({ threads, device }) => ({
        spec: {
          model: artefact.model,
          modelDir: artefact.modelDir,
          ...(serializedFile === undefined ? {} : { modelFile: serializedFile }),
          handler: artefact.handler,
          handlerConfig: settings.handlerConfig,
          device,
          threads,
          intraOpThreads: layout.plan.intraOpThreads,
          ...(settings.graphOptimization === undefined
            ? {}
            : { graphOptimization: settings.graphOptimization }),
          maxBatchRows: settings.maxBatchRows,
          maxBatchesInFlight: settings.maxBatchesInFlight,
          ...(settings.maxRequestRows === undefined ? {} : { maxRequestRows: settings.maxRequestRows }),
          ...(settings.continuousBatching ? { continuousBatching: true } : {}),
          // A second try would do again what the first has done to the states of sequences.
          ...(settings.sequenceBatching === undefined ? {} : { failsWholeBatch: true }),
          ...(settings.maxResponseBytes === undefined ? {} : { maxResponseBytes: settings.maxResponseBytes }),
          maxHeapMebibytes: MAX_HEAP_MEBIBYTES,
          manifest,
          modelConfig: artefact.config,
          decodeInputRequest: settings.decodeInputRequest,
          serviceEnvelope: settings.serviceEnvelope,
          ...(settings.microBatching === undefined ? {} : { microBatching: settings.microBatching }),
        },
        modelBytes: artefact.modelBytes,
        startupTimeoutMs: settings.startupTimeoutMs,
        startProcess,
        clock,
        random,
      })),
    })
  }
}
