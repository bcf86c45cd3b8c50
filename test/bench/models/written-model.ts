import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { InferenceSession, type Tensor } from 'onnxruntime-node'
import type { ModelPlan } from '../../../bench/models/graph-builder.ts'
import { writeModel } from '../../../bench/models/write-model.ts'

/** Writes the model, runs it once on the CPU and removes it. */
export async function runOnce(
  plan: ModelPlan,
  seed: number,
  feeds: Readonly<Record<string, Tensor>>,
): Promise<{ readonly shape: readonly number[]; readonly values: readonly number[] }> {
  const directory = await mkdtemp(join(tmpdir(), 'onnxserve-'))
  try {
    const path = join(directory, 'model.onnx')
    writeModel(plan, { path, seed })
    const session = await InferenceSession.create(path, { intraOpNumThreads: 1 })
    const fetches = await session.run(feeds)
    await session.release()
    const output = fetches[session.outputNames[0] ?? ''] as Tensor // these graphs have one output, a tensor
    return { shape: output.dims, values: Array.from(output.data as Float32Array) }
  } finally {
    rmSync(directory, { recursive: true })
  }
}
