import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { messageOf } from '../../../worker/contract/errors.ts'
import type { Contender } from '../../contenders/contender.ts'
import { startOnnxServe } from '../../contenders/onnxserve.ts'
import { jsonRequest } from '../../load/request-bytes.ts'
import { measureAlternating, type Measurement } from '../../measure.ts'
import { packModel } from '../../models/pack-model.ts'
import type { Peer } from '../../peers/peers.ts'
import { findPython } from '../../peers/python.ts'
import { startPeer } from '../../peers/start-peer.ts'
import { jsonBody, type BenchModel } from '../overhead/bench-models.ts'
import type { BenchContext, Skipped } from '../suite.ts'
import type { Plan } from './plan.ts'

export type PeerResult = {
  readonly model: string
  readonly peer: Peer
  readonly onnxserve: Measurement
  readonly theirs: Measurement
}

const SERVER_WARM_UP_MS = 2000

export type Run = { readonly plan: Plan; readonly context: BenchContext }

type Results = { readonly results: readonly PeerResult[]; readonly skipped: readonly Skipped[] }

/** One peer at a time beside OnnxServe, which is idle while the peer is measured. */
export async function measurePeers(model: BenchModel, peers: readonly Peer[], run: Run): Promise<Results> {
  const { directory, flags } = run.context
  const modelPath = join(directory, `${model.name}.onnx`)
  const modelStore = mkdtempSync(join(directory, 'store-'))
  writeFileSync(modelPath, model.onnx)
  await packModel({ modelName: model.name, modelPath, modelStore })
  const onnxserve = await startOnnxServe({ modelStore, modelName: model.name, flags })
  const results: PeerResult[] = []
  const skipped: Skipped[] = []
  try {
    await warmUp(onnxserve, model, run)
    for (const peer of peers) {
      run.context.log(`${model.name}: ${peer.title}`)
      try {
        results.push(await measurePeer({ model, modelPath, peer, onnxserve }, run))
      } catch (error) {
        skipped.push({ what: `${peer.title}, ${model.name}`, reason: messageOf(error) })
      }
    }
  } finally {
    await onnxserve.close()
  }
  return { results, skipped }
}

/** Once and longer than a measurement's own: every peer is compared with this one process. */
async function warmUp(onnxserve: Contender, model: BenchModel, { plan, context }: Run): Promise<void> {
  const requests = model.rows.map((row) => jsonRequest(onnxserve.path, jsonBody(row)))
  const loop = { kind: 'closed', connections: plan.connections } as const
  await context.generator.run({
    port: onnxserve.port,
    requests,
    loop,
    warmUpMs: 0,
    measureMs: SERVER_WARM_UP_MS,
  })
}

type Contest = {
  readonly model: BenchModel
  readonly modelPath: string
  readonly peer: Peer
  readonly onnxserve: Contender
}

async function measurePeer(contest: Contest, { plan, context }: Run): Promise<PeerResult> {
  const { model, modelPath, peer, onnxserve } = contest
  const found = findPython(peer)
  if ('reason' in found) throw new Error(found.reason)
  // Rows in the few digits that both send.
  const rows = model.rows.map((row) => (JSON.parse(jsonBody(row)) as { x: [number[]] }).x[0])
  const ours = model.rows.map(jsonBody)
  const theirs = rows.map((row) => JSON.stringify(peer.body(row)))
  const contender = await startPeer(peer, { ...found, modelPath, body: theirs[0] ?? '' })
  try {
    const expected = (await answerTo(onnxserve, ours[0] ?? '')) as { y: unknown[] } // of a model with the output y
    const actual = peer.answer(await answerTo(contender, theirs[0] ?? ''))
    expectSameScores(actual, expected.y[0])
    const subjects = {
      onnxserve: { contender: onnxserve, requests: ours.map((body) => jsonRequest(onnxserve.path, body)) },
      theirs: { contender, requests: theirs.map((body) => jsonRequest(contender.path, body)) },
    }
    const loop = { kind: 'closed', connections: plan.connections } as const
    const measured = await measureAlternating(subjects, context.generator, { ...plan, loop })
    return { model: model.name, peer, ...measured }
  } finally {
    await contender.close()
  }
}

async function answerTo({ port, path }: Contender, body: string): Promise<unknown> {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', headers, body })
  return response.json()
}

const TOLERANCE = 1e-4

/** A fast wrong answer is not a result. */
export function expectSameScores(actual: unknown, expected: unknown): void {
  const [found, wanted] = [actual, expected].map((scores) =>
    Array.isArray(scores) ? scores.map(Number) : [],
  )
  const isSame =
    wanted !== undefined &&
    wanted.length > 0 &&
    found?.length === wanted.length &&
    wanted.every((score, index) => Math.abs(score - (found[index] ?? NaN)) < TOLERANCE)
  if (!isSame) throw new Error(`it answers ${JSON.stringify(actual)}, expected ${JSON.stringify(expected)}`)
}
