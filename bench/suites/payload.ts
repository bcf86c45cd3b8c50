import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { packTestArchive } from '../../test/support/archives.ts'
import { identity } from '../../test/support/models.ts'
import type { Contender } from '../contenders/contender.ts'
import { startCopyServer } from '../contenders/copy-server.ts'
import { startOnnxServe, type OnnxServe } from '../contenders/onnxserve.ts'
import { GrpcChannel, HttpChannel, type Channel } from './payload/channel.ts'
import { measureSize, type PayloadResult, type PayloadSubject } from './payload/measure-payload.ts'
import { FULL_PLAN, QUICK_PLAN, sizeName, type PayloadPlan } from './payload/plan.ts'
import {
  COLLECTED,
  payloadChart,
  payloadRatios,
  payloadTables,
  payloadTargets,
  PIPED,
} from './payload/tables.ts'
import { wires, type Wire } from './payload/wires.ts'
import type { BenchContext, Suite, SuiteResult } from './suite.ts'

/** Bodies of 64 MiB have a head too. */
const MAX_REQUEST_BYTES = 2 ** 28
const LOOP_TICK_MS = 1

const ECHO = `
import { defineHandler } from 'onnxserve/handler'

export default defineHandler({
  handle: (requests) => requests.map((request) => request.parts[0].bytes),
})
`

export const payload: Suite = {
  name: 'payload',
  about:
    'Large tensors in and out, over each wire of each dialect, through a model that answers what it was asked; beside `node:http` that does nothing with the bytes. While the event loop of the frontend stands still, nobody else is answered.',
  run: (context) => runPayload(context, context.quick ? QUICK_PLAN : FULL_PLAN),
}

export async function runPayload(context: BenchContext, plan: PayloadPlan): Promise<SuiteResult> {
  const copy = await startCopyServer()
  try {
    const server = await startServer(context)
    try {
      return resultOf(await measureAll({ copy, server }, context, plan), plan)
    } finally {
      await server.close()
    }
  } finally {
    await copy.close()
  }
}

async function startServer({ directory, flags }: BenchContext): Promise<OnnxServe> {
  const modelStore = mkdtempSync(join(directory, 'store-'))
  await packTestArchive(modelStore, { modelName: 'floats', model: identity('FP32', ['batch', 'n']) })
  await packTestArchive(modelStore, { modelName: 'bools', model: identity('BOOL', ['batch', 'n']) })
  await packTestArchive(modelStore, { modelName: 'texts', model: identity('BYTES', ['batch', 'n']) })
  await packTestArchive(modelStore, { modelName: 'echo', handler: ECHO })
  return startOnnxServe({
    modelStore,
    modelName: 'floats',
    loopTickMs: LOOP_TICK_MS,
    flags: ['--max-request-bytes', String(MAX_REQUEST_BYTES), ...flags],
  })
}

type Servers = { readonly copy: Contender; readonly server: OnnxServe }

async function measureAll(
  { copy, server }: Servers,
  context: BenchContext,
  plan: PayloadPlan,
): Promise<PayloadResult[]> {
  const channels = {
    http: new HttpChannel(server.port),
    grpc: new GrpcChannel(server.grpcPort),
    copy: new HttpChannel(copy.port),
  }
  const results: PayloadResult[] = []
  try {
    for (const sizeBytes of plan.sizesBytes) {
      context.log(`payloads of ${sizeName(sizeBytes)}`)
      const ours = wires(sizeBytes).map((wire): PayloadSubject => {
        const channel = wire.isGrpc ? channels.grpc : channels.http
        return { wire, channel, pid: server.frontendPid, loopDelay: server.loopDelay }
      })
      const copies = copyWires(sizeBytes).map((wire) => copySubject(wire, channels.copy, copy))
      results.push(...(await measureSize([...copies, ...ours], sizeBytes, plan)))
    }
  } finally {
    for (const channel of Object.values(channels)) channel.close()
  }
  return results
}

function copySubject(wire: Wire, channel: Channel, { frontendPid }: Contender): PayloadSubject {
  return { wire, channel, pid: frontendPid }
}

function copyWires(sizeBytes: number): Wire[] {
  const body = Buffer.alloc(sizeBytes, 1)
  const wire = (name: string, path: string): Wire => ({ name, path, isGrpc: false, headers: {}, body })
  return [wire(COLLECTED, '/collected'), wire(PIPED, '/piped')]
}

function resultOf(results: readonly PayloadResult[], { passes, measureMs }: PayloadPlan): SuiteResult {
  return {
    settings: `median of the exchanges of ${passes} passes over all wires, each ${measureMs / 1000} s or longer`,
    tables: payloadTables(results),
    charts: [payloadChart(results)],
    targets: payloadTargets(results),
    ratios: payloadRatios(results),
    skipped: [],
  }
}
