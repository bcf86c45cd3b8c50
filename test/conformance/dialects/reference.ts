import { InferenceSession } from 'onnxruntime-node'
import type { Tensor } from '../../../worker/contract/tensor.ts'
import { feedsFromTensors, tensorsFromFetches } from '../../../worker/thread/feeds.ts'

/** What the engine itself answers, in this process. */
export async function sessionRun(model: Uint8Array, inputs: readonly Tensor[]): Promise<readonly Tensor[]> {
  const session = await InferenceSession.create(model, { executionProviders: ['cpu'], intraOpNumThreads: 1 })
  try {
    return tensorsFromFetches(await session.run(feedsFromTensors(inputs)), session.outputNames)
  } finally {
    await session.release()
  }
}
