import { answersOf, bodyRequest } from '../../../test/support/batch-requests.ts'
import { HostedWorker } from '../../../test/support/hosted-worker.ts'
import type { LoadSpec } from '../../../worker/contract/messages.ts'

export type WorkerRun = {
  readonly imagesPerSecond: number
  /** Of the time, how much the engine ran the graph. */
  readonly busyShare: number
}

export type WorkerJob = {
  readonly image: Uint8Array
  readonly batchRows: number
  readonly batchesInFlight: number
  readonly warmUpMs: number
  readonly measureMs: number
}

/** A worker process without a frontend, loaded and warm. */
export async function startWorker(spec: LoadSpec): Promise<HostedWorker> {
  const worker = new HostedWorker()
  worker.load(spec)
  const [instance] = await worker.instances()
  if (instance?.ok === true) return worker
  await worker.kill()
  throw new Error(instance?.error.message ?? worker.output)
}

/** Always has so many batches in it. */
export async function measureWorker(worker: HostedWorker, job: WorkerJob): Promise<WorkerRun> {
  await runFor(worker, job.warmUpMs, job)
  return runFor(worker, job.measureMs, job)
}

async function runFor(worker: HostedWorker, durationMs: number, job: WorkerJob): Promise<WorkerRun> {
  const { image, batchRows, batchesInFlight } = job
  const requests = Array.from({ length: batchRows }, () => bodyRequest(image))
  const startedAtMs = performance.now()
  let batches = 0
  let busyMs = 0
  const loop = async () => {
    while (performance.now() - startedAtMs < durationMs) {
      const result = await worker.run(requests)
      if (result.replies.some(({ ok }) => !ok)) throw new Error(String(answersOf(result)[0]))
      batches += 1
      busyMs += result.timing.inferenceMs
    }
  }
  await Promise.all(Array.from({ length: batchesInFlight }, loop))
  const elapsedMs = performance.now() - startedAtMs
  return {
    imagesPerSecond: (batches * batchRows * 1000) / elapsedMs,
    busyShare: busyMs / elapsedMs,
  }
}
