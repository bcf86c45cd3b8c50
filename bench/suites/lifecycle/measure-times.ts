import { mkdtempSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { startOnnxServe, type OnnxServe } from '../../contenders/onnxserve.ts'
import type { BenchContext } from '../suite.ts'
import { packDigits, packTiny } from './archives.ts'
import { manage, predict, register } from './management.ts'

const SAMPLE = 'examples/digits/samples/7.png'
const RETRY_MS = 5
const TIMEOUT_MS = 30_000

export type Times = {
  /** From the start of the process to the answer to the first prediction. */
  readonly coldStartMs: readonly number[]
  /** A registration with one worker, to its answer. */
  readonly loadMs: readonly number[]
  /** From the SIGKILL of the worker process to the next accepted prediction. */
  readonly replaceMs: readonly number[]
}

export async function measureTimes({ directory, flags, log }: BenchContext, repeats: number): Promise<Times> {
  const modelStore = mkdtempSync(join(directory, 'digits-'))
  await packDigits(modelStore)
  await packTiny(modelStore, '1.0')
  const times = { coldStartMs: [] as number[], loadMs: [] as number[], replaceMs: [] as number[] }
  const sample = readFileSync(SAMPLE)
  for (let repeat = 0; repeat < repeats; repeat++) {
    log(`cold start, load, replace after a crash: ${repeat + 1} of ${repeats}`)
    const startedAtMs = performance.now()
    const server = await startOnnxServe({
      modelStore,
      modelName: 'digits',
      loadModels: 'digits.mar',
      flags: ['--restore', 'false', ...flags],
    })
    try {
      await untilPredicted(server, sample)
      times.coldStartMs.push(performance.now() - startedAtMs)
      times.replaceMs.push(await timeOf(() => crash(server, sample)))
      times.loadMs.push(await timeOf(() => register(server, 'tiny.mar')))
      await manage(server, 'DELETE', '/models/tiny')
    } finally {
      await server.close()
    }
  }
  return times
}

async function crash(server: OnnxServe, sample: Uint8Array): Promise<void> {
  const [worker] = server.workerPids()
  if (worker === undefined) throw new Error('the server has no worker process')
  process.kill(worker, 'SIGKILL')
  await untilPredicted(server, sample)
}

async function untilPredicted(server: OnnxServe, sample: Uint8Array): Promise<void> {
  const deadlineMs = performance.now() + TIMEOUT_MS
  while (!(await predict(server, 'digits', sample))) {
    if (performance.now() > deadlineMs) throw new Error(`digits answered nothing within ${TIMEOUT_MS} ms`)
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
  }
}

async function timeOf(action: () => Promise<void>): Promise<number> {
  const startedAtMs = performance.now()
  await action()
  return performance.now() - startedAtMs
}
