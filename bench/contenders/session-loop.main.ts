import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node'
import type { Tensor } from '../../worker/contract/tensor.ts'
import { concatenate } from '../../worker/contract/tensor-batch.ts'
import type { LoopJob, LoopMessage, LoopResult, SessionLoopOptions } from './session-loop.ts'

/* Entry of the loop's process: told once what to open, then jobs, one at a time. */

type Opened = { readonly session: InferenceSession; readonly row: readonly Tensor[] }

const ORT_TYPES: Readonly<Record<string, OrtTensor.Type>> = {
  FP32: 'float32',
  INT64: 'int64',
  UINT8: 'uint8',
}

let opened: Promise<Opened> | undefined

// Only session-loop.ts sends here.
process.on('message', (message: LoopMessage) => {
  if (message.kind === 'open') opened = open(message.options)
  else void measure(message.job).then((result) => process.send?.(result))
})
// Nothing runs in native code while this callback does, but an exit would still run its destructors.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))

async function open(options: SessionLoopOptions): Promise<Opened> {
  const { modelPath, intraOpThreads, isSpinning, row, provider = 'cpu' } = options
  const session = await InferenceSession.create(modelPath, {
    // As the server does: CUDA runs what TensorRT does not know.
    executionProviders: provider === 'tensorrt' ? ['tensorrt', 'cuda'] : [provider],
    intraOpNumThreads: intraOpThreads,
    extra: { 'session.intra_op.allow_spinning': isSpinning ? '1' : '0' },
  })
  return { session, row }
}

async function measure({ rows, durationMs }: LoopJob): Promise<LoopResult> {
  if (opened === undefined) throw new Error('a job came before the graph')
  const { session, row } = await opened
  const batch = concatenate(Array.from({ length: rows }, () => row))
  const feeds = Object.fromEntries(batch.map((tensor) => [tensor.name, ortTensor(tensor)]))
  await session.run(feeds) // memory for a new size is found once
  const startedAtMs = performance.now()
  const cpuBefore = process.cpuUsage()
  let runs = 0
  let elapsedMs = 0
  while (elapsedMs < durationMs) {
    await session.run(feeds)
    runs++
    elapsedMs = performance.now() - startedAtMs
  }
  const cpu = process.cpuUsage(cpuBefore)
  return {
    rowsPerSecond: (runs * rows * 1000) / elapsedMs,
    cpuMicrosPerRow: (cpu.user + cpu.system) / (runs * rows),
  }
}

function ortTensor({ dtype, data, shape }: Tensor): OrtTensor {
  const type = ORT_TYPES[dtype]
  if (type === undefined) throw new Error(`the loop knows no ${dtype}; add it to ORT_TYPES`)
  return new OrtTensor(type, data, shape)
}
