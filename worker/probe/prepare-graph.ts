import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf } from '../contract/errors.ts'
import { keepsRows } from '../contract/keeps-rows.ts'
import type { Device } from '../contract/messages.ts'
import {
  PREPARED_GRAPH,
  PREPARED_WEIGHTS,
  type Preparation,
  type PrepareRequest,
  type RunComparison,
} from '../contract/preparation.ts'
import type { Tensor } from '../contract/tensor.ts'
import { OrtSession, type SessionOptions } from '../thread/session.ts'
import { zeroFeeds } from '../thread/warmup.ts'

const CPU: Device = { provider: 'cpu', deviceId: 0 }
/** For each number of rows. Enough for the medians of large graphs to settle, little beside their load. */
const COMPARISON_MS = 500
const MIN_RUNS = 3
const MAX_RUNS = 100

/** Writes the optimized graph, and compares the ways to open it. */
export async function prepareGraph(request: PrepareRequest): Promise<Preparation> {
  try {
    const originalLoadMs = request.isWritten ? undefined : await writePrepared(request)
    const comparison = await compareWays(request)
    return { ok: true, ...(originalLoadMs === undefined ? {} : { originalLoadMs }), ...comparison }
  } catch (error) {
    return { ok: false, error: messageOf(error) }
  }
}

/**
 * @returns how long the graph takes to open as it is
 * @throws Error when the prepared graph answers differently
 */
async function writePrepared(request: PrepareRequest): Promise<number> {
  const { source, directory, ...options } = request
  const original = await timed(() => OrtSession.open(source, { device: CPU, ...options }))
  const answer = await original.value.run(trialFeeds(original.value, 1))
  await original.value.release()
  await write(request)
  const prepared = await OrtSession.open(join(directory, PREPARED_GRAPH), preparedOptions(options))
  expectSame(answer, await prepared.run(trialFeeds(prepared, 1)))
  await prepared.release()
  return original.ms
}

async function write({ source, directory, ...options }: PrepareRequest): Promise<void> {
  const writeTo = { graph: join(directory, PREPARED_GRAPH), weights: PREPARED_WEIGHTS }
  const written = await OrtSession.open(source, { device: CPU, ...options, writeTo })
  await written.release()
  for (const file of [PREPARED_GRAPH, PREPARED_WEIGHTS]) await flushFile(join(directory, file))
}

/** It is optimized already. */
function preparedOptions({ intraOpThreads }: Pick<PrepareRequest, 'intraOpThreads'>): SessionOptions {
  return { device: CPU, intraOpThreads, graphOptimization: 'disabled' }
}

/** Numbers that make a difference where zeros would hide one; indices stay 0, which every table has. */
function trialFeeds(session: OrtSession, rows: number): Tensor[] {
  const feeds = zeroFeeds(session, rows)
  for (const { dtype, data } of feeds) {
    if (dtype === 'FP32' || dtype === 'FP64') data.forEach((_, i) => (data[i] = (i % 7) / 7))
  }
  return feeds
}

/** Its length and its times are trusted after a loss of power: so must its bytes be. */
async function flushFile(path: string): Promise<void> {
  const file = await open(path, 'r').catch(() => undefined) // a graph without large weights has no such file
  await file?.sync()
  await file?.close()
}

async function compareWays({ directory, intraOpThreads, maxRows }: PrepareRequest) {
  const path = join(directory, PREPARED_GRAPH)
  const options = preparedOptions({ intraOpThreads })
  const prepacked = await timed(() => OrtSession.open(path, options))
  const plain = await timed(() => OrtSession.open(path, { ...options, prepacks: false }))
  const sessions = { prepacked: prepacked.value, plain: plain.value }
  const { inputs, outputs } = sessions.prepacked
  const runs: RunComparison[] = []
  for (const rows of new Set([1, keepsRows(inputs, outputs) ? maxRows : 1])) {
    runs.push(await compareRuns(sessions, rows))
  }
  return { prepackedLoadMs: prepacked.ms, plainLoadMs: plain.ms, runs }
}

type Sessions = { readonly prepacked: OrtSession; readonly plain: OrtSession }

/** In turns, so that whatever else the machine does meets both alike. */
async function compareRuns({ prepacked, plain }: Sessions, rows: number): Promise<RunComparison> {
  const feeds = trialFeeds(prepacked, rows)
  expectSame(await prepacked.run(feeds), await plain.run(feeds))
  const times: { prepacked: number[]; plain: number[] } = { prepacked: [], plain: [] }
  const endMs = performance.now() + COMPARISON_MS
  while (times.plain.length < MIN_RUNS || (performance.now() < endMs && times.plain.length < MAX_RUNS)) {
    times.prepacked.push((await timed(() => prepacked.run(feeds))).ms)
    times.plain.push((await timed(() => plain.run(feeds))).ms)
  }
  return { rows, prepackedMs: median(times.prepacked), plainMs: median(times.plain) }
}

/** Kernels may sum in another order. */
const TOLERANCE = 1e-3

/** @throws Error when two forms of a graph answer differently */
function expectSame(some: readonly Tensor[], others: readonly Tensor[]): void {
  for (const [index, { name, data }] of some.entries()) {
    const other = others[index]?.data
    for (let i = 0; i < data.length; i++) {
      const [a, b] = [Number(data[i]), Number(other?.[i])]
      if (Math.abs(a - b) <= TOLERANCE * Math.max(1, Math.abs(a)) || Object.is(a, b)) continue
      throw new Error(`output '${name}' is ${a} in one form of the graph and ${b} in another`)
    }
  }
}

async function timed<T>(action: () => Promise<T>): Promise<{ readonly value: T; readonly ms: number }> {
  const startMs = performance.now()
  const value = await action()
  return { value, ms: performance.now() - startMs }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}
