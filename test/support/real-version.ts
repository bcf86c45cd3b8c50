import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { systemClock } from '../../frontend/core/clock.ts'
import type { InferenceResponse, OnPiece, RequestHead } from '../../frontend/core/data-plane.ts'
import { EventBus } from '../../frontend/core/events.ts'
import { ModelVersion } from '../../frontend/core/model-version.ts'
import type { VersionSettings } from '../../frontend/core/settings.ts'
import { ChildWorkerProcess } from '../../frontend/core/workers/worker-process.ts'
import { WorkerSetFactory } from '../../frontend/core/workers/worker-set-factory.ts'
import { ServingError } from '../../worker/contract/errors.ts'
import { artefact, manifest, settings } from './artefacts.ts'
import { modelDirectory } from './model-directory.ts'

/** In full: the process runs in the model's directory, where no package is found. */
const TSX = createRequire(import.meta.url).resolve('tsx')
const ENTRY = fileURLToPath(new URL('../../worker/process/main.ts', import.meta.url))
const COMMAND = {
  file: process.execPath,
  args: ['--import', TSX, ENTRY],
  env: { PATH: process.env['PATH'] ?? '' },
}

export type Asked = {
  readonly body: string
  readonly sequence?: string
  readonly signal?: AbortSignal
  readonly onPiece?: OnPiece
}

export type RealVersion = {
  readonly version: ModelVersion
  /** Sends a request. @returns its outcome: the answer's text and headers, or the error's code and reason */
  readonly ask: (asked: Asked) => Promise<{ text: string; headers: InferenceResponse['headers'] }>
  readonly close: () => Promise<void>
}

/** A version whose handler, a module's text, runs in real worker processes. `close` belongs in `afterEach`. */
export async function realVersion(handler: string, changes: Partial<VersionSettings>): Promise<RealVersion> {
  const directory = await modelDirectory({ 'handler.mjs': handler })
  const given = settings({ inferenceTimeoutMs: 15_000, startupTimeoutMs: 20_000, ...changes })
  const version = new ModelVersion({
    artefact: artefact({
      modelDir: directory.spec.modelDir,
      handler: 'handler.mjs',
      manifest: { ...manifest(), model: { modelName: 'm', modelVersion: '1', handler: 'handler.mjs' } },
    }),
    settings: given,
    loadedAtStartup: false,
    workerSets: new WorkerSetFactory({
      cpus: 2,
      findings: { find: async () => [] },
      startProcess: (spec, _modelBytes, listener) => new ChildWorkerProcess(COMMAND, spec, { listener }),
      clock: systemClock,
      random: () => 0,
    }),
    events: new EventBus(),
    clock: systemClock,
  })
  await version.scale(given)
  let asked = 0

  async function ask({ body, sequence, signal, onPiece }: Asked) {
    asked += 1
    const head: RequestHead = {
      requestId: `r${asked}`,
      model: { name: 'm' },
      headers: {},
      signal: signal ?? new AbortController().signal,
      ...(sequence === undefined ? {} : { sequence: { id: sequence, start: false, end: false } }),
    }
    try {
      version.acquire(head)
    } catch (error) {
      return { text: inWords(error), headers: {} }
    }
    const payload = { kind: 'parts', parts: [{ name: 'body', bytes: Buffer.from(body) }] } as const
    const outcome = await version.run(head, { arrivedAtMs: systemClock.nowMs(), payload, onPiece })
    version.release()
    if (!outcome.ok) return { text: inWords(outcome.error), headers: {} }
    const { payload: answer, headers } = outcome.response
    return { text: answer.kind === 'bytes' ? Buffer.from(answer.bytes).toString() : 'tensors', headers }
  }

  const close = async () => {
    await version.unload(0)
    await directory.remove()
  }
  return { version, ask, close }
}

/** Its code and reason. */
function inWords(error: unknown): string {
  if (!(error instanceof ServingError)) throw error
  return `${error.code} ${error.reason ?? ''}`.trim()
}
