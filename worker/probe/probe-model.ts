import { messageOf } from '../contract/errors.ts'
import type { TensorMetadata } from '../contract/tensor.ts'
import { OrtSession } from '../thread/session.ts'

export type ModelProbe =
  | {
      readonly ok: true
      readonly inputs: readonly TensorMetadata[]
      readonly outputs: readonly TensorMetadata[]
    }
  | { readonly ok: false; readonly error: string }

/** Opens a graph on the CPU and says what it takes and gives. */
export async function probeModel(path: string): Promise<ModelProbe> {
  try {
    const session = await OrtSession.open(path, {
      device: { provider: 'cpu', deviceId: 0 },
      intraOpThreads: 1,
    })
    const { inputs, outputs } = session
    await session.release()
    return { ok: true, inputs, outputs }
  } catch (error) {
    return { ok: false, error: messageOf(error) }
  }
}
