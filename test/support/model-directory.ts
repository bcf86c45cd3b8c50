import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { LoadSpec } from '../../worker/contract/messages.ts'
import { temporaryDirectory } from './temporary-directory.ts'

export type ModelDirectory = {
  readonly spec: LoadSpec
  readonly remove: () => Promise<void>
}

/** A directory with these files as a worker gets it; the spec runs `model.onnx`, if it is among them, on one CPU thread. */
export async function modelDirectory(
  files: Readonly<Record<string, Uint8Array | string>>,
  overrides: Partial<LoadSpec> = {},
): Promise<ModelDirectory> {
  const { path, remove } = await temporaryDirectory()
  for (const [name, content] of Object.entries(files)) writeFileSync(join(path, name), content)
  const spec: LoadSpec = {
    model: { name: 'm', version: '1.0' },
    modelDir: path,
    ...('model.onnx' in files ? { modelFile: 'model.onnx' } : {}),
    handler: 'tensor',
    handlerConfig: {},
    device: { provider: 'cpu', deviceId: 0 },
    threads: 1,
    intraOpThreads: 1,
    maxBatchRows: 8,
    maxHeapMebibytes: 256,
    ...overrides,
  }
  return { spec, remove }
}
