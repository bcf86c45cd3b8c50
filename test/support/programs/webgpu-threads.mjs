import { once } from 'node:events'
import { isMainThread, Worker, workerData } from 'node:worker_threads'

/*
 * node webgpu-threads.mjs <model> <threads>: each thread runs a model on WebGPU, all at the same time. Says "all ran"
 * when none failed, and ends itself as a worker process does.
 */
const RUNS = 40

if (isMainThread) {
  const [model, threads] = process.argv.slice(2)
  const started = Array.from(
    { length: Number(threads) },
    () => new Worker(import.meta.filename, { workerData: model }),
  )
  const codes = await Promise.all(started.map(async (thread) => (await once(thread, 'exit'))[0]))
  const outcome = codes.every((code) => code === 0) ? 'all ran' : `exit codes ${codes.join(', ')}`
  process.stdout.write(outcome, () => process.kill(process.pid, 'SIGKILL'))
} else {
  const { InferenceSession, Tensor } = await import('onnxruntime-node')
  const session = await InferenceSession.create(workerData, { executionProviders: ['webgpu'] })
  const x = new Tensor('float32', new Float32Array(16 * 784).fill(0.1), [16, 784])
  for (let run = 0; run < RUNS; run++) await session.run({ x })
  await session.release()
}
