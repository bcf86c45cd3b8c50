import type { Device, ExecutionProvider } from '../../../worker/contract/messages.ts'

/** How a version's workers are laid out. */
export type WorkerPlan = {
  readonly processes: readonly { readonly threads: number; readonly device: Device }[]
  readonly intraOpThreads: number
  /** The layout in a phrase, for the start-up line and `describe`. */
  readonly why: string
}

export type PlanRequest = {
  readonly workers: number
  readonly workerProcesses: number | undefined
  readonly intraOpThreads: number | undefined
  readonly provider: ExecutionProvider
  readonly deviceIds: readonly number[]
  /** CPUs this server may use, the cgroup limit counted. */
  readonly cpus: number
}

/** ONNX Runtime hangs at start with absurd thread counts (measured), and gains nothing beyond this. */
const MAX_INTRA_OP_THREADS = 256

/**
 * Spreads workers over worker processes and devices, and divides the CPUs among their sessions.
 *
 * A GPU process hosts one worker: two WebGPU threads that run at once in one process crash onnxruntime-node
 * 1.30.0 (measured), and CUDA has not been shown to be safe. More workers than CPUs still get one thread each.
 */
export function planWorkers(request: PlanRequest): WorkerPlan {
  const { workers, provider, cpus } = request
  const processCount = provider === 'cpu' ? Math.min(request.workerProcesses ?? 1, workers) : workers
  const processes = Array.from({ length: processCount }, (_, i) => ({
    threads: Math.floor(workers / processCount) + (i < workers % processCount ? 1 : 0),
    device: { provider, deviceId: request.deviceIds[i % Math.max(1, request.deviceIds.length)] ?? 0 },
  }))
  const share = Math.max(1, Math.floor(cpus / Math.max(1, workers)))
  const intraOpThreads = Math.min(request.intraOpThreads ?? share, MAX_INTRA_OP_THREADS)
  return { processes, intraOpThreads, why: whyOf(request, intraOpThreads) }
}

function whyOf(request: PlanRequest, intraOpThreads: number): string {
  if (request.intraOpThreads !== undefined) return `intraOpThreads=${intraOpThreads} is configured`
  const cpus = `${request.cpus} CPU${request.cpus === 1 ? '' : 's'}`
  const workers = `${request.workers} worker${request.workers === 1 ? '' : 's'}`
  return `${cpus} ÷ ${workers}`
}
