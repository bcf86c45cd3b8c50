import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { mlp } from '../../../test/support/mlp.ts'
import { startOnnxServe, type OnnxServe } from '../../contenders/onnxserve.ts'
import { jsonRequest } from '../../load/request-bytes.ts'
import { measureAlternating, type Measurement } from '../../measure.ts'
import { packModel } from '../../models/pack-model.ts'
import { cpuMs, residentBytes } from '../../process-usage.ts'
import { registerModel } from './managed-models.ts'
import type { Run } from './measure-workers.ts'
import type { Plan } from './plan.ts'

/** The registrations that led to so many models. */
export type RegistrationStep = {
  readonly models: number
  /** Per model of this step. */
  readonly registrationMs: number
  readonly registrationCpuMs: number
  /** Of the frontend, all models registered so far. */
  readonly residentBytes: number
}

export type RegistrationsResult = {
  readonly steps: readonly RegistrationStep[]
  /** Of the active models, on a server that has no others, and on one that has all. */
  readonly alone: Measurement
  readonly among: Measurement
  /** To make the page that Prometheus reads, with all models. */
  readonly metricsMs: number
}

const ARCHIVE = 'tiny'
/** For what a registration leaves to be done later. */
const SETTLE_MS = 500

/** Both servers hold the active models; one of them all the others too. */
export async function measureRegistrations(run: Run): Promise<RegistrationsResult> {
  const { context } = run
  const modelPath = join(context.directory, 'tiny.onnx')
  const modelStore = mkdtempSync(join(context.directory, 'store-'))
  writeFileSync(modelPath, mlp([4, 16, 3]))
  await packModel({ modelName: ARCHIVE, modelPath, modelStore })
  const alone = await startServer(modelStore, run)
  try {
    const among = await startServer(modelStore, run)
    try {
      await Promise.all([registerActive(alone, run), registerActive(among, run)])
      return await compare({ alone, among }, run)
    } finally {
      await among.close()
    }
  } finally {
    await alone.close()
  }
}

async function startServer(modelStore: string, { context }: Run): Promise<OnnxServe> {
  // A state directory of its own: the two run side by side.
  const stateDirectory = mkdtempSync(join(context.directory, 'state-'))
  const flags = ['--state-dir', stateDirectory, ...context.flags]
  return startOnnxServe({ modelStore, modelName: activeName(0), loadModels: 'none', flags })
}

/** In no measured time, and so two at a time: each waits for its worker. */
async function registerActive({ management }: OnnxServe, { plan }: Run): Promise<void> {
  const names = Array.from({ length: plan.active }, (_, index) => activeName(index))
  const registerNext = async (): Promise<void> => {
    for (let modelName = names.shift(); modelName !== undefined; modelName = names.shift()) {
      await registerModel(management, { archive: ARCHIVE, modelName, workers: 1 })
    }
  }
  await Promise.all([registerNext(), registerNext()])
}

type Servers = { readonly alone: OnnxServe; readonly among: OnnxServe }

async function compare({ alone, among }: Servers, { plan, context }: Run): Promise<RegistrationsResult> {
  const steps: RegistrationStep[] = [await stepOf(among, { from: plan.active, to: plan.active })]
  for (const models of plan.registered.filter((each) => each > plan.active)) {
    context.log(`${models} models`)
    steps.push(await stepOf(among, { from: steps.at(-1)?.models ?? 0, to: models }))
  }
  const startedAtMs = performance.now()
  await among.metrics()
  const metricsMs = performance.now() - startedAtMs
  context.log('the active models, alone and among the others')
  const requests = requestsOf(plan)
  const subjects = { alone: { contender: alone, requests }, among: { contender: among, requests } }
  const { requestsPerSecond } = plan
  const loop = { kind: 'open', requestsPerSecond, arrivals: 'even', seed: 1, maxConnections: 64 } as const
  return { steps, ...(await measureAlternating(subjects, context.generator, { ...plan, loop })), metricsMs }
}

type Range = { readonly from: number; readonly to: number }

async function stepOf(
  { management, frontendPid }: OnnxServe,
  { from, to }: Range,
): Promise<RegistrationStep> {
  const cpuBefore = cpuMs(frontendPid)
  const startedAtMs = performance.now()
  for (let index = from; index < to; index++) {
    await registerModel(management, { archive: ARCHIVE, modelName: `idle-${index}`, workers: 0 })
  }
  const perModel = (ms: number) => (to === from ? NaN : ms / (to - from))
  const registrationMs = perModel(performance.now() - startedAtMs)
  await delay(SETTLE_MS)
  return {
    models: to,
    registrationMs,
    registrationCpuMs: perModel(cpuMs(frontendPid) - cpuBefore),
    residentBytes: residentBytes(frontendPid),
  }
}

function requestsOf({ active }: Plan) {
  const body = JSON.stringify({ x: [[0.1, 0.2, 0.3, 0.4]] })
  return Array.from({ length: active }, (_, index) => jsonRequest(`/predictions/${activeName(index)}`, body))
}

function activeName(index: number): string {
  return `active-${index}`
}
