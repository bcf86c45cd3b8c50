import type { Artefact } from '../artefact.ts'
import { isStateful, type VersionSettings } from '../settings.ts'
import type { Clock } from '../clock.ts'
import type { GraphChoice } from './graph-choice.ts'
import type { MemoryBudget } from './memory-budget.ts'
import { estimateMemory, type MemoryEstimate } from './memory-estimate.ts'
import type { PreparedGraphs } from './prepared-graphs.ts'
import type { ProviderFindings } from './provider-findings.ts'
import { mayOverlapRuns, mayTakeNext } from './batches-in-flight.ts'
import { GpuTurns } from './gpu-turns.ts'
import { chooseProvider, wantedProviders, type ProviderChoice } from './provider-choice.ts'
import { planWorkers, type WorkerPlan } from './worker-plan.ts'
import type { StartWorkerProcess } from './worker-process.ts'
import { WorkerSet, type OpenSlot, type WorkerSetOptions } from './worker-set.ts'
import { WorkerSlot, type WorkerSlotOptions } from './worker-slot.ts'

/** How a version's workers run: on what, how many, and why so. */
export type WorkerLayout = {
  readonly provider: ProviderChoice
  readonly plan: WorkerPlan
  /** Absent: the graph as it came. */
  readonly graph?: GraphChoice
  /** Absent: nobody has asked for a version's. */
  readonly memory?: MemoryEstimate
}

export type WorkerSetFactoryOptions = {
  readonly cpus: number
  /** GPUs, numbered from 0; one when absent. */
  readonly gpus?: number
  readonly findings: ProviderFindings
  /** Absent: every graph is opened as it came. */
  readonly graphs?: PreparedGraphs
  /** Absent: any number of workers is started. */
  readonly memory?: MemoryBudget
  readonly startProcess: StartWorkerProcess
  readonly clock: Clock
  readonly random: () => number
  /** What the end of a set's processes waits for. */
  readonly beforeStop?: WorkerSetOptions['beforeStop']
}

/** Makes worker sets. */
export type WorkerSets = Pick<WorkerSetFactory, 'plan' | 'start'>

/** Heap of one worker thread: handlers hold tokenizers and request bodies, tensors live outside the heap. */
const MAX_HEAP_MEBIBYTES = 1024

/** Makes the worker sets of all versions. */
export class WorkerSetFactory {
  readonly #options: WorkerSetFactoryOptions
  readonly #turns: GpuTurns
  /** Of GPU workers, by what ends with them: which devices they are on. */
  readonly #onGpus = new Map<WorkerSet, readonly number[]>()
  #nextId = 1

  constructor(options: WorkerSetFactoryOptions) {
    this.#options = options
    this.#turns = new GpuTurns(this.#gpus)
  }

  /**
   * Chooses provider, layout, and the form of the graph, probing GPUs if the setting allows one.
   *
   * @throws ServingError `failed_precondition` when no listed provider can run, or a named device is not there;
   * `resource_exhausted` when the workers of the artefact would not fit into the memory.
   */
  async plan(settings: VersionSettings, artefact?: Artefact): Promise<WorkerLayout> {
    const { minWorkers, workerProcesses, intraOpThreads } = settings
    const wanted = wantedProviders(settings, this.#gpus)
    const provider = chooseProvider(wanted, await this.#options.findings.find(wanted))
    const plan = planWorkers({
      workers: minWorkers,
      // State lives in a thread, and frames are routed to processes: each worker gets its own.
      workerProcesses: isStateful(settings) ? minWorkers : workerProcesses,
      intraOpThreads,
      provider: provider.provider,
      deviceIds: this.#turns.take({
        provider: provider.provider,
        deviceIds: settings.deviceIds,
        workers: minWorkers,
        taken: this.#takenDevices(),
      }),
      cpus: this.#options.cpus,
    })
    const layout = { provider, plan }
    return artefact === undefined ? layout : this.#ofArtefact(layout, artefact, settings)
  }

  /** Prepares the graph first if it has not been. */
  async #ofArtefact(
    layout: WorkerLayout,
    artefact: Artefact,
    settings: VersionSettings,
  ): Promise<WorkerLayout> {
    const { provider, plan } = layout
    const runs = { provider: provider.provider, intraOpThreads: plan.intraOpThreads }
    const graph = await this.#options.graphs?.choose(artefact, settings, runs)
    const memory = estimateMemory(plan, artefact.modelBytes, graph)
    this.#options.memory?.check(artefact.model, memory)
    return { ...layout, memory, ...(graph === undefined ? {} : { graph }) }
  }

  get #gpus(): number {
    return this.#options.gpus ?? 1
  }

  #takenDevices(): readonly number[] {
    for (const set of this.#onGpus.keys()) if (set.isStopped) this.#onGpus.delete(set)
    return [...this.#onGpus.values()].flat()
  }

  start(
    artefact: Artefact,
    settings: VersionSettings,
    layout: WorkerLayout,
    listener: WorkerSetOptions['listener'],
  ): WorkerSet {
    const { startProcess, clock, random, beforeStop } = this.#options
    const { files: _, ...manifest } = artefact.manifest
    const { serializedFile } = manifest.model
    const workers = new WorkerSet({
      id: this.#nextId++,
      listener,
      maxBatchesInFlight: settings.maxBatchesInFlight,
      beforeStop,
      slots: layout.plan.processes.map(({ threads, device }) =>
        opening({
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
            ...(layout.graph?.prepared === undefined ? {} : { prepared: layout.graph.prepared }),
            ...(layout.graph?.prepacks === false ? { prepacks: false } : {}),
            maxBatchRows: settings.maxBatchRows,
            ...(settings.maxBatchesInFlight === undefined
              ? {}
              : { maxBatchesInFlight: settings.maxBatchesInFlight }),
            ...(mayOverlapRuns(settings, device) ? { overlapsRuns: true } : {}),
            ...(mayTakeNext(settings, device) ? { mayTakeNext: true } : {}),
            ...(settings.maxRequestRows === undefined ? {} : { maxRequestRows: settings.maxRequestRows }),
            ...(settings.continuousBatching ? { continuousBatching: true } : {}),
            // A second try would do again what the first has done to the states of sequences.
            ...(settings.sequenceBatching === undefined ? {} : { failsWholeBatch: true }),
            ...(settings.maxResponseBytes === undefined
              ? {}
              : { maxResponseBytes: settings.maxResponseBytes }),
            maxHeapMebibytes: MAX_HEAP_MEBIBYTES,
            manifest,
            modelConfig: artefact.config,
            decodeInputRequest: settings.decodeInputRequest,
            serviceEnvelope: settings.serviceEnvelope,
            ...(settings.padding === undefined ? {} : { padding: settings.padding }),
            ...(settings.microBatching === undefined ? {} : { microBatching: settings.microBatching }),
          },
          modelBytes: artefact.modelBytes,
          startupTimeoutMs: settings.startupTimeoutMs,
          startProcess,
          clock,
          random,
        }),
      ),
    })
    if (layout.memory !== undefined) this.#options.memory?.hold(workers, layout.memory)
    if (layout.provider.provider !== 'cpu') {
      const devices = layout.plan.processes.map(({ device }) => device.deviceId)
      this.#onGpus.set(workers, devices)
    }
    return workers
  }
}

function opening(options: Omit<WorkerSlotOptions, 'listener'>): OpenSlot {
  return (listener) => new WorkerSlot({ ...options, listener })
}
