import { MessageChannel, parentPort, threadId, workerData, type MessagePort } from 'node:worker_threads'
import { batchFromRunFrame, resultFrameFromResult } from '../contract/batch-codec.ts'
import { errorToData, messageOf, type ErrorData } from '../contract/errors.ts'
import { frameOf, markPreceded } from '../contract/frame.ts'
import type { BatchRequest, BatchResult, LoadSpec, LostHeader, MetricsHeader } from '../contract/messages.ts'
import { moveToPool, type ThreadMessage, type ThreadTask } from '../process/thread-pool.ts'
import { clientErrorOf } from './failure.ts'
import { HostedSession } from './hosted-session.ts'
import { InTurn } from './in-turn.ts'
import { Instance } from './instance.ts'
import { MetricBuffer } from './metric-buffer.ts'
import { resultFrame } from './result-frame.ts'
import { redirectConsole, ThreadLog } from './thread-log.ts'
import { Uplink } from './uplink.ts'

/*
 * Entry of a worker thread. It says by one `instance` message whether it could load; it never throws to the
 * pool, because errors lose their class and fields on the way and because the pool restarts a thread that throws.
 */

const spec = workerData as LoadSpec // set by thread-pool.ts
const log = new ThreadLog({
  send: (frame) => {
    post({ kind: 'log', frame }, [frame.buffer])
  },
  nowMs: () => performance.now(),
})

const channel = new MessageChannel()
const undeliveredBytes = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
const uplink = new Uplink(channel.port1, undeliveredBytes, spec.maxResponseBytes)
const metrics = new MetricBuffer({
  log,
  send: (samples) => {
    uplink.send(frameOf('metrics', { samples } satisfies MetricsHeader))
  },
})

/** Used where two batches may be here. */
const turns = new InTurn()
type RunTask = Extract<ThreadTask, { kind: 'run' }>

redirectConsole(log)
// A handler's stack trace names the line of its TypeScript source.
process.setSourceMapsEnabled(true)
// A forgotten rejection is a bug of the handler, but no reason to drop the loaded model and its neighbours' batch.
process.on('unhandledRejection', (reason) => {
  log.error('the handler left a rejection unhandled', {
    stack: reason instanceof Error ? reason.stack : messageOf(reason),
  })
})

// Awaited while the module is evaluated: the pool gives a thread that replaces another no batch before it is loaded.
const loaded = await load()

/** Called by the pool for each task, one at a time. */
export default async function run(task: ThreadTask): Promise<unknown> {
  switch (task.kind) {
    case 'run':
      return moveToPool(await runBatch(task))
    case 'release':
      if (loaded.ok) await loaded.instance.release()
      return undefined
  }
}

async function load(): Promise<{ ok: true; instance: Instance } | { ok: false; error: ErrorData }> {
  try {
    const { instance, report } = await Instance.load(spec, { log, metrics, openHosted, onDeviceLost })
    const link = { port: channel.port2, undeliveredBytes }
    post({ kind: 'instance', header: { threadId, ok: true, value: { ...report, threadId } }, link }, [
      link.port,
    ])
    return { ok: true, instance }
  } catch (error) {
    const shown = clientErrorOf(error, 'the version, while it was loaded,') ?? error
    const data = errorToData(shown, `the handler's initialize failed: ${messageOf(error)}`)
    post({ kind: 'instance', header: { threadId, ok: false, error: data } }, [])
    return { ok: false, error: data }
  }
}

/** The session of the process, in a thread of its own. */
function openHosted(): Promise<HostedSession> {
  const { port1, port2 } = new MessageChannel()
  post({ kind: 'session', port: port2 }, [port2])
  return HostedSession.open(port1)
}

/** The frontend ends the process: a thread cannot. */
function onDeviceLost(message: string): void {
  const frame = frameOf('lost', { message } satisfies LostHeader)
  post({ kind: 'log', frame }, [frame.buffer])
}

async function runBatch({ batchId, buffer, sentAtMs }: RunTask): Promise<Uint8Array<ArrayBuffer>> {
  const requests = batchFromRunFrame(buffer)
  const batch = uplink.open(batchId)
  const run = async () =>
    loaded.ok
      ? loaded.instance.run(requests, (member) => batch.link(member))
      : refuseAll(requests, loaded.error)
  try {
    const result = await (sentAtMs === undefined ? run() : turns.take(sentAtMs, run))
    const frame = resultFrame(batchId, result, { log, maxResponseBytes: spec.maxResponseBytes })
    if (metrics.takeSent() || batch.hasSent) markPreceded(frame)
    return frame
  } catch (error) {
    const data = errorToData(error, 'the worker failed')
    log.error('a batch failed', { stack: data.stack })
    return resultFrameFromResult(batchId, refuseAll(requests, data))
  } finally {
    batch.close()
  }
}

function refuseAll(requests: readonly BatchRequest[], { stack: _, ...error }: ErrorData): BatchResult {
  return {
    replies: requests.map(() => ({ ok: false, error })),
    timing: { preprocessMs: 0, inferenceMs: 0, postprocessMs: 0, rows: 0, runs: 0 },
  }
}

function post(message: ThreadMessage, transfer: readonly (ArrayBuffer | MessagePort)[]): void {
  parentPort?.postMessage(message, [...transfer])
}
