import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { packTestArchive } from '../../../test/support/archives.ts'
import { startOnnxServe } from '../../contenders/onnxserve.ts'
import { jsonRequest } from '../../load/request-bytes.ts'
import { measureAlternating, type Subject } from '../../measure.ts'
import { jsonBody, type BenchModel } from './bench-models.ts'
import type { Run } from './measure-model.ts'
import type { Lone } from './results.ts'

const DELAY_MS = 5
/** Longer than any wait for another request. */
const PAUSE_MS = 20

/** One server with two archives of the model: one may wait for further requests, the other never does. */
export async function measureLone({ onnx, rows }: BenchModel, { plan, context }: Run): Promise<Lone> {
  context.log(`a lone request, with and without batching`)
  const modelStore = mkdtempSync(join(context.directory, 'lone-'))
  const batching = `batchSize: 32\nmaxBatchDelay: ${DELAY_MS}\n`
  await packTestArchive(modelStore, { modelName: 'batching', model: onnx, config: batching })
  await packTestArchive(modelStore, { modelName: 'single', model: onnx, config: 'batchSize: 1\n' })
  const server = await startOnnxServe({ modelStore, modelName: 'single', flags: context.flags })
  const subject = (name: string): Subject => ({
    contender: server,
    requests: rows.map((row) => jsonRequest(`/predictions/${name}`, jsonBody(row))),
  })
  try {
    const subjects = { batching: subject('batching'), single: subject('single') }
    const measured = await measureAlternating(subjects, context.generator, {
      ...plan,
      ...plan.lone,
      loop: { kind: 'closed', connections: 1, pauseMs: PAUSE_MS },
    })
    return { delayMs: DELAY_MS, ...measured }
  } finally {
    await server.close()
  }
}
