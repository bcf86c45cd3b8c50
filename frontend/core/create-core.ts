import { join } from 'node:path'
import type { ConfigTolerance } from '../../archiver-cli/format/model-config.ts'
import { isSameModel } from '../../worker/contract/model-id.ts'
import type { Precedence } from './candidate.ts'
import { ByteBudget } from './byte-budget.ts'
import type { Clock } from './clock.ts'
import type { ControlPlane } from './control-plane.ts'
import { EventBus } from './events.ts'
import { InferenceService } from './inference.ts'
import { LocatedArchives, type FetchArchive } from './located-archives.ts'
import { ManagementService, type RepositoryChoice } from './management.ts'
import { ModelRegistry } from './model-registry.ts'
import { ModelStore } from './model-store.ts'
import { RegistryJournal } from './registry-journal.ts'
import type { SettingDefaults } from './settings.ts'
import {
  loadStartupModels,
  type DeclaredModels,
  type DeclaredVersion,
  type StartupFailure,
} from './startup.ts'
import { offerAt } from './repository/offers.ts'
import { StoreSource } from './repository/store-source.ts'
import type { ServedPaths } from './served-paths.ts'
import { SnapshotStore, UnkeptState } from './snapshot.ts'
import type { Note } from './startup-notes.ts'
import { MemoryBudget, type MemoryBudgetOptions } from './workers/memory-budget.ts'
import { PreparedGraphs, type PreparedGraphsOptions } from './workers/prepared-graphs.ts'
import type { ProviderFindings } from './workers/provider-findings.ts'
import { WorkerSetFactory, type WorkerSetFactoryOptions } from './workers/worker-set-factory.ts'
import type { StartWorkerProcess } from './workers/worker-process.ts'

export type CoreOptions = {
  readonly modelStore: string
  /** Registry snapshots and unpacked archives. */
  readonly stateDir: string
  readonly defaults: SettingDefaults
  readonly unregisterTimeoutMs: number
  /** Models outside of the model store; absent: none. */
  readonly served?: ServedPaths
  readonly loadModels: DeclaredModels
  /** Whether registrations outlive the server; default true. */
  readonly restore?: boolean
  /** Whether a saved registry makes `loadModels` irrelevant; default false. */
  readonly savedStateFirst?: boolean
  /** Whose settings count; default `explicit`. */
  readonly precedence?: Precedence
  /** For configurations of archives; default `nothing`. */
  readonly tolerance?: ConfigTolerance
  /** Versions that the configuration declares, with their settings. */
  readonly models?: readonly DeclaredVersion[]
  /** Where models come from beside registrations; default: from nowhere. */
  readonly repository?: RepositoryOptions
  /** For archives from outside the model store; absent: there are none. */
  readonly fetcher?: FetchArchive
  readonly cpus: number
  /** GPUs, numbered from 0, that models may use; one when absent. */
  readonly gpus?: number
  readonly findings: ProviderFindings
  /** Absent: no graph is prepared. */
  readonly preparation?: Pick<PreparedGraphsOptions, 'run' | 'environment'>
  /** Absent: workers are started whatever memory there is. */
  readonly memory?: MemoryBudgetOptions
  readonly startProcess: StartWorkerProcess
  /** What the end of a version's worker processes waits for; absent: nothing. */
  readonly beforeStop?: WorkerSetFactoryOptions['beforeStop']
  /** Processes that serve the versions; absent: this one only. */
  readonly frontends?: number | undefined
  /** Of the requests that are held at a time, of all models; absent: no bound but theirs. */
  readonly maxInFlightBytes?: number
  readonly clock: Clock
  readonly random: () => number
}

/** What of the repository is not as usual. */
export type RepositoryOptions = Partial<RepositoryChoice>

export type Core = {
  readonly events: EventBus
  readonly registry: ModelRegistry
  readonly store: ModelStore
  readonly dataPlane: InferenceService
  readonly controlPlane: ManagementService
  /** Restores and registers. @returns what could not be served */
  load(note?: Note): Promise<StartupFailure[]>
}

/** The core as listeners have it: whoever changes models may do more than the core does. */
export type OutwardCore = Omit<Core, 'controlPlane'> & { readonly controlPlane: ControlPlane }

/** Wires core's objects together; nothing runs before `load`. */
export function createCore(options: CoreOptions): Core {
  const {
    clock,
    random,
    cpus,
    gpus = 1,
    findings,
    startProcess,
    defaults,
    unregisterTimeoutMs,
    loadModels,
  } = options
  const events = new EventBus()
  const registry = new ModelRegistry((name) => void events.emit('modelChanged', { name }))
  const { tolerance = 'nothing', models = [] } = options
  const store = new ModelStore(options.modelStore, join(options.stateDir, 'objects'), {
    tolerance,
    onNotice: (archive, notice) => events.emit('archiveNotice', { archive, notice }),
  })
  const saved = new SnapshotStore(join(options.stateDir, 'registry'))
  const snapshots = options.restore === false ? new UnkeptState(saved) : saved
  const journal = new RegistryJournal(registry, snapshots)
  const { beforeStop, frontends } = options
  const workerSets = new WorkerSetFactory({
    cpus,
    gpus,
    findings,
    startProcess,
    clock,
    random,
    beforeStop,
    ...preparedGraphs(options, events),
    ...(options.memory === undefined ? {} : { memory: new MemoryBudget(options.memory) }),
  })
  const dataPlane = new InferenceService(registry, { events, clock, budget: byteBudget(options) })
  const controlPlane = new ManagementService({
    registry,
    archives: options.fetcher === undefined ? store : new LocatedArchives(store, options.fetcher),
    journal,
    workerSets,
    frontends,
    events,
    clock,
    defaults,
    precedence: options.precedence ?? 'explicit',
    declared: (model) => models.find((each) => isSameModel(each, model))?.settings,
    unregisterTimeoutMs,
    random,
    source: new StoreSource(store),
    offeredAt: (name, path) => offerAt(store, name, path),
    staging: join(options.stateDir, 'staging'),
    mode: 'none',
    pollMs: 0,
    ...options.repository,
  })
  return {
    events,
    registry,
    store,
    dataPlane,
    controlPlane,
    async load(note = () => undefined) {
      dataPlane.beginStartup()
      await store.prepare()
      await options.fetcher?.prepare()
      const failures = await loadStartupModels({
        store,
        snapshots,
        journal,
        management: controlPlane,
        registry,
        served: options.served ?? { paths: [] },
        loadModels,
        models,
        savedStateFirst: options.savedStateFirst ?? false,
        note,
      })
      failures.push(...(await controlPlane.followSources()))
      dataPlane.endStartup(failures)
      return failures
    },
  }
}

function byteBudget({ maxInFlightBytes, frontends = 1 }: CoreOptions): ByteBudget | undefined {
  return maxInFlightBytes === undefined ? undefined : new ByteBudget(Math.floor(maxInFlightBytes / frontends))
}

function preparedGraphs(
  { preparation }: CoreOptions,
  events: EventBus,
): { readonly graphs?: PreparedGraphs } {
  if (preparation === undefined) return {}
  const note = (notice: string) => void events.emit('graphNotice', { notice })
  return { graphs: new PreparedGraphs({ ...preparation, note }) }
}
