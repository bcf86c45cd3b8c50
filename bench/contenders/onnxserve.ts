import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { freePorts } from '../../test/support/free-ports.ts'
import { childrenOf } from '../process-usage.ts'
import type { BatchCount, Contender } from './contender.ts'

const STARTUP_TIMEOUT_MS = 30_000
const POLL_MS = 50
/** The histogram of rows per engine call, in `/metrics`. */
const BATCH_HISTOGRAM = 'onnxserve_batch_rows'

export type OnnxServeOptions = {
  readonly modelStore: string
  readonly modelName: string
  /** Archives that are loaded before it counts as started, as `--load-models` takes them; default all. */
  readonly loadModels?: string
  /** Further flags of `onnxserve start`. */
  readonly flags: readonly string[]
}

/** Beside what every contender has: the addresses of its other listeners. */
export type OnnxServe = Contender & {
  readonly batches: () => Promise<BatchCount>
  /** `http://host:port` */
  readonly management: string
  /** The page that Prometheus would read. */
  readonly metrics: () => Promise<string>
}

/** The built server as a user starts it, with the default settings but its ports and its store. */
export async function startOnnxServe(options: OnnxServeOptions): Promise<OnnxServe> {
  const { modelStore, modelName, loadModels = 'all', flags } = options
  const [inference = 0, management = 0, metrics = 0] = await freePorts(3)
  const address = (port: number) => `http://127.0.0.1:${port}`
  const child = spawn(
    process.execPath,
    [
      'dist/frontend/main.js',
      'start',
      ...['--inference-address', address(inference)],
      ...['--management-address', address(management)],
      ...['--metrics-address', address(metrics)],
      ...['--grpc-inference-port', '0', '--grpc-management-port', '0'],
      ...['--model-store', modelStore, '--load-models', loadModels],
      ...flags,
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  )
  const exited = once(child, 'exit')
  await Promise.race([untilReady(`${address(inference)}/ping`), exited.then(failToStart)])
  const pid = child.pid ?? 0
  const metricsPage = () => textOf(`${address(metrics)}/metrics`)
  return {
    port: inference,
    path: `/predictions/${modelName}`,
    frontendPid: pid,
    workerPids: () => childrenOf(pid),
    batches: async () => batchCount(await metricsPage()),
    management: address(management),
    metrics: metricsPage,
    close: async () => {
      child.kill('SIGTERM')
      await exited
    },
  }
}

function failToStart(): never {
  throw new Error('the server ended before it was ready')
}

async function untilReady(url: string): Promise<void> {
  const deadlineMs = performance.now() + STARTUP_TIMEOUT_MS
  while (performance.now() < deadlineMs) {
    if (await isOk(url)) return
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
  throw new Error(`${url} did not answer 200 within ${STARTUP_TIMEOUT_MS} ms`)
}

async function isOk(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok
  } catch {
    // Refused: it does not listen yet.
    return false
  }
}

async function textOf(url: string): Promise<string> {
  return (await fetch(url)).text()
}

function batchCount(metrics: string): BatchCount {
  const sum = (suffix: string) =>
    [...metrics.matchAll(new RegExp(`^${BATCH_HISTOGRAM}_${suffix}\\S* (\\S+)$`, 'gm'))].reduce(
      (total, match) => total + Number(match[1]),
      0,
    )
  return { rows: sum('sum'), batches: sum('count') }
}
