import type { RequestHead } from '../../frontend/core/data-plane.ts'
import { EventBus } from '../../frontend/core/events.ts'
import type { Artefact } from '../../frontend/core/artefact.ts'
import { ModelVersion } from '../../frontend/core/model-version.ts'
import type { VersionSettings } from '../../frontend/core/settings.ts'
import type { ProviderFinding } from '../../worker/contract/messages.ts'
import { WorkerSetFactory } from '../../frontend/core/workers/worker-set-factory.ts'
import { artefact, settings } from './artefacts.ts'
import { textOf } from './batcher-fixture.ts'
import { FakeClock } from './fake-clock.ts'
import { FakeWorkers, type FakeWorkersOptions } from './fake-worker-process.ts'

export const PARTS = { kind: 'parts', parts: [] } as const

type Given = {
  readonly artefact?: Artefact
  readonly workers?: FakeWorkersOptions
  readonly settings?: Partial<VersionSettings>
  readonly find?: () => Promise<readonly ProviderFinding[]>
  readonly clock?: FakeClock
}

/** A version over fake worker processes, and what it announced. */
export function versionFixture({
  artefact: ofArtefact = artefact(),
  workers: options = { loads: true },
  settings: changes = {},
  find,
  clock = new FakeClock(),
}: Given = {}) {
  const workers = new FakeWorkers(options)
  const events = new EventBus()
  const states: string[] = []
  events.on('stateChanged', ({ to, reason }) => states.push(reason === undefined ? to : `${to}: ${reason}`))
  const restarts: string[] = []
  events.on('workerProcessRestarted', ({ detail }) => restarts.push(detail))
  const version = new ModelVersion({
    artefact: ofArtefact,
    settings: settings(changes),
    loadedAtStartup: false,
    workerSets: new WorkerSetFactory({
      cpus: 2,
      findings: { find: find ?? (async () => []) },
      startProcess: workers.start,
      clock,
      random: () => 1,
    }),
    events,
    clock,
  })

  const head = (id: string): RequestHead => ({
    requestId: id,
    model: { name: 'm' },
    headers: {},
    signal: new AbortController().signal,
  })

  /** Admits and runs a request. @returns how it ended: its echo, or its error's code */
  async function request(id: string): Promise<string> {
    version.acquire(head(id))
    const outcome = await version.run(head(id), { arrivedAtMs: clock.nowMs(), payload: PARTS })
    version.release()
    return outcome.ok ? textOf(outcome) : `${outcome.error.code} ${outcome.error.reason ?? ''}`
  }

  const scaled = (minWorkers: number) => version.scale(settings({ ...changes, minWorkers }))
  return { clock, workers, version, states, restarts, head, request, scaled }
}
