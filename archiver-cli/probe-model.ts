import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { z } from 'zod'
import { moduleFile } from '../worker/contract/module-file.ts'
import { tensorMetadataSchema } from './format/manifest.ts'
import type { Manifest } from './format/manifest.ts'
import { invalidOption } from './option-errors.ts'

const PROBE = moduleFile(import.meta.url, '../worker/probe/main.ts')
const TIME_LIMIT_MS = 120_000

const answerSchema = z.discriminatedUnion('ok', [
  z.object({
    ok: z.literal(true),
    inputs: z.array(tensorMetadataSchema),
    outputs: z.array(tensorMetadataSchema),
  }),
  z.object({ ok: z.literal(false), error: z.string() }),
])

export type ModelSignature = Pick<Manifest, 'inputs' | 'outputs'>

/**
 * Opens a model once with the engine, in a process of its own: a model that crashes the engine must not take the
 * packer along, which may be a server.
 *
 * @returns the graph's inputs and outputs
 * @throws ServingError `invalid_argument` with the engine's complaint.
 */
export async function probeModel(path: string): Promise<ModelSignature> {
  const child = spawn(process.execPath, [...process.execArgv, PROBE, 'model', resolve(path)], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, ORT_DISABLE_TELEMETRY: '1' },
    timeout: TIME_LIMIT_MS,
    killSignal: 'SIGKILL',
  })
  const [output] = await Promise.all([text(child.stdout), once(child, 'close')])
  const answer = readAnswer(output)
  if (answer?.ok === true) return { inputs: answer.inputs, outputs: answer.outputs }
  if (answer !== undefined) throw invalidOption(`model '${path}' cannot be opened: ${answer.error}`)
  // How it ended decides nothing by itself: the probe may kill itself after its answer.
  const ending = child.signalCode ?? `exit code ${child.exitCode}`
  throw invalidOption(
    `model '${path}' cannot be opened: the engine gave no answer within ${TIME_LIMIT_MS / 1000} s, or crashed (${ending})`,
  )
}

function readAnswer(output: string): z.infer<typeof answerSchema> | undefined {
  try {
    return answerSchema.parse(JSON.parse(output))
  } catch {
    // No answer, or half of one: the caller reports how the process ended instead.
    return undefined
  }
}
