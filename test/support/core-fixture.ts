import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createCore, type Core, type CoreOptions } from '../../frontend/core/create-core.ts'
import type { AdmittedRequest, RequestHead } from '../../frontend/core/data-plane.ts'
import type { StartupNote } from '../../frontend/core/startup-notes.ts'
import { SnapshotStore, type RegistryState } from '../../frontend/core/snapshot.ts'
import { FakeClock } from './fake-clock.ts'
import { FakeWorkers, type FakeWorkersOptions } from './fake-worker-process.ts'
import { temporaryDirectory } from './temporary-directory.ts'

export const UNREGISTER_TIMEOUT_MS = 500

/** Directories that outlive a server: what it starts from, and what it leaves. */
export class CoreHome {
  readonly modelStore: string
  readonly stateDir: string
  readonly #remove: () => Promise<void>
  readonly #cores: CoreInstance[] = []

  private constructor(root: Awaited<ReturnType<typeof temporaryDirectory>>) {
    this.modelStore = join(root.path, 'model-store')
    this.stateDir = join(root.path, 'state')
    this.#remove = root.remove
  }

  static async create(): Promise<CoreHome> {
    const home = new CoreHome(await temporaryDirectory())
    await mkdir(home.modelStore)
    return home
  }

  get registryDir(): string {
    return join(this.stateDir, 'registry')
  }

  /** A core over fake worker processes, not loaded yet. One that was made before is as good as killed. */
  core(workers: FakeWorkersOptions = { loads: true, answers: true }, options: Partial<CoreOptions> = {}) {
    const core = new CoreInstance(this, new FakeWorkers(workers), options)
    this.#cores.push(core)
    return core
  }

  async started(...given: Parameters<CoreHome['core']>): Promise<CoreInstance> {
    const core = this.core(...given)
    await core.load()
    return core
  }

  /** What a server that starts now would bring back: `model=default: version×workers …` per model. */
  async onDisk(): Promise<string[]> {
    const state: RegistryState = (await new SnapshotStore(this.registryDir).read()) ?? { models: [] }
    return state.models.map(({ name, defaultVersion, versions }) => {
      const list = versions.map(({ version, settings }) => `${version}×${settings.minWorkers ?? 'default'}`)
      return `${name}=${defaultVersion}: ${list.sort().join(' ')}`
    })
  }

  /** Makes the write of a generation fail, until the returned function is called. */
  async breakDisk(generation: number): Promise<() => Promise<void>> {
    const obstacle = join(this.registryDir, `registry-${generation}.tmp`)
    await mkdir(obstacle)
    return () => rm(obstacle, { recursive: true })
  }

  remove(): Promise<void> {
    return this.#remove()
  }
}

export class CoreInstance {
  readonly workers: FakeWorkers
  readonly clock = new FakeClock()
  /** What it announced, in words. */
  readonly heard: string[] = []
  /** What it told operators of where models come from. */
  readonly notices: string[] = []
  /** What it noted of its start. */
  readonly notes: StartupNote[] = []
  readonly #core: Core

  constructor(home: CoreHome, workers: FakeWorkers, options: Partial<CoreOptions>) {
    this.workers = workers
    this.#core = createCore({
      modelStore: home.modelStore,
      stateDir: home.stateDir,
      defaults: {
        defaultWorkersPerModel: 1,
        maxBatchRows: 4,
        maxBatchDelayMs: 0,
        maxQueuedRequests: 10,
        inferenceTimeoutMs: 1000,
        startupTimeoutMs: 10_000,
        maxRequestBytes: 100,
      },
      unregisterTimeoutMs: UNREGISTER_TIMEOUT_MS,
      loadModels: { kind: 'none' },
      cpus: 2,
      findings: { find: async () => [] },
      startProcess: workers.start,
      clock: this.clock,
      random: () => 1,
      ...options,
    })
    const { events } = this.#core
    events.on('requestFinished', ({ requestId, code }) => this.heard.push(`${requestId}: ${code ?? 'ok'}`))
    events.on('requestRejected', ({ requestId, reason }) =>
      this.heard.push(`${requestId} rejected: ${reason}`),
    )
    events.on('repositoryNotice', ({ notice }) => this.notices.push(notice))
    events.on('versionRemoved', ({ model }) => this.heard.push(`removed ${model.name}/${model.version}`))
  }

  get registry() {
    return this.#core.registry
  }

  get store() {
    return this.#core.store
  }

  get dataPlane() {
    return this.#core.dataPlane
  }

  get controlPlane() {
    return this.#core.controlPlane
  }

  async load(): Promise<string[]> {
    return (await this.#core.load((note) => this.notes.push(note))).map(({ message }) => message)
  }

  register(archive: string, initialWorkers?: number) {
    const workers = initialWorkers === undefined ? {} : { initialWorkers }
    return this.controlPlane.register({ archive, synchronous: true, ...workers })
  }

  admit(name: string, head: Partial<RequestHead> = {}): AdmittedRequest {
    const { signal } = new AbortController()
    return this.dataPlane.admit({ requestId: 'r', model: { name }, headers: {}, signal, ...head })
  }

  /** Sends a request. @returns `model/version: answer` */
  async ask(name: string, version?: string): Promise<string> {
    const model = version === undefined ? { name } : { name, version }
    const answer = await this.admit(name, { model }).run({ kind: 'parts', parts: [] })
    const text = answer.payload.kind === 'bytes' ? Buffer.from(answer.payload.bytes).toString() : 'tensors'
    return `${answer.model.name}/${answer.model.version}: ${text}`
  }

  /** Every version: `name/version state workers`, the default with a star. */
  versions(): string[] {
    return this.registry.all().map(({ model, state, workers }) => {
      const star = this.registry.defaultVersionOf(model.name) === model.version ? '*' : ''
      return `${model.name}/${model.version}${star} ${state} ${workers?.readyWorkers ?? 0}`
    })
  }
}
