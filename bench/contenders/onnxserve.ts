import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { freePorts } from '../../test/support/free-ports.ts'
import { childrenOf } from '../process-usage.ts'
import type { BatchCount, Contender } from './contender.ts'
import { endWithUs } from './end-with-us.ts'
import { LoopWatch, type LoopDelay, type WatchedLoop } from './loop-watch.ts'

const STARTUP_TIMEOUT_MS = 60_000
const POLL_MS = 10
/** Longer than any turn of the event loop that is not a fault. */
const SETTLE_MS = 30
/** The histogram of rows per engine call, in `/metrics`. */
const BATCH_HISTOGRAM = 'onnxserve_batch_rows'

export type OnnxServeOptions = {
  readonly modelStore: string
  readonly modelName: string
  /** Archives that are loaded before it counts as started, as `--load-models` takes them; default all. */
  readonly loadModels?: string
  /** Further flags of `onnxserve start`. */
  readonly flags: readonly string[]
  /** Watches the event loop of the frontend by a timer of so many milliseconds, which costs it some time. */
  readonly loopTickMs?: number
  /** Beside its own: of a GPU's driver, say. */
  readonly environment?: Readonly<Record<string, string>>
}

/** Beside what every contender has: the addresses of its other listeners. */
export type OnnxServe = Contender & {
  readonly batches: () => Promise<BatchCount>
  /** `http://host:port` */
  readonly inference: string
  readonly management: string
  /** Of the inference services. */
  readonly grpcPort: number
  /** The page that Prometheus would read. */
  readonly metrics: () => Promise<string>
  /** Since it was asked last. @throws without `loopTickMs` */
  readonly loopDelay: () => Promise<LoopDelay>
}

/** The built server as a user starts it, with the default settings but its ports and its store. */
export async function startOnnxServe(options: OnnxServeOptions): Promise<OnnxServe> {
  const { modelStore, modelName, flags, loadModels = 'all', loopTickMs, environment } = options
  const ports = await freePorts(4)
  const [inference = '', management = '', metrics = ''] = ports.map((port) => `http://127.0.0.1:${port}`)
  const grpcPort = ports[3] ?? 0
  const watch = loopTickMs === undefined ? undefined : new LoopWatch(modelStore, loopTickMs)
  const child = spawn(
    process.execPath,
    [
      'dist/frontend/main.js',
      'start',
      ...['--inference-address', inference],
      ...['--management-address', management],
      ...['--metrics-address', metrics],
      ...['--grpc-inference-port', String(grpcPort), '--grpc-management-port', '0'],
      ...['--model-store', modelStore, '--load-models', loadModels],
      ...flags,
    ],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, ...environment, ...watch?.environment },
    },
  )
  endWithUs(child)
  const exited = once(child, 'exit')
  await Promise.race([untilReady(`${inference}/ping`), exited.then(failToStart)])
  const pid = child.pid ?? 0
  const loopWatch = watch?.of(pid)
  const metricsPage = () => textOf(`${metrics}/metrics`)
  return {
    port: ports[0] ?? 0,
    path: `/predictions/${modelName}`,
    inference,
    management,
    grpcPort,
    frontendPid: pid,
    workerPids: () => childrenOf(pid),
    metrics: metricsPage,
    batches: async () => batchCount(await metricsPage()),
    ...(loopWatch === undefined ? {} : { loopWatch }),
    loopDelay: () => settledDelay(loopWatch),
    close: async () => {
      child.kill('SIGTERM')
      await exited
    },
  }
}

/** Of a loop that may still be in the turn that its last answer came from. */
async function settledDelay(loopWatch: WatchedLoop | undefined): Promise<LoopDelay> {
  if (loopWatch === undefined) throw new Error('start it with loopTickMs')
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
  return loopWatch.read()
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
