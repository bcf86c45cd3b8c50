import { connect, type ClientHttp2Session } from 'node:http2'
import { mkdtempSync, rmSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { packTestArchive } from '../../test/support/archives.ts'
import { identity } from '../../test/support/models.ts'
import { ServerProcess } from '../../test/support/server-process.ts'
import { median } from '../load/percentile.ts'
import { cpuMs } from '../process-usage.ts'
import { wires, type Wire } from './wires.ts'

/*
 * npm run bench:payload -- [--mebibytes 16] [--rounds 5] [--wire "V2 REST"]
 *
 * Sends large tensors through the built server over each wire, one after the other, and prints how long that takes and
 * how long the event loop of its frontend stood still meanwhile, when nobody else would have been answered.
 */

const MEBIBYTE = 2 ** 20
const WARM_UP_ROUNDS = 1
/** Of this client: as large as clients of gRPC in C++ make theirs. */
const WINDOW_BYTES = 4 * MEBIBYTE
/** Longer than any turn of the event loop. */
const SETTLE_MS = 100

const ECHO = `
import { defineHandler } from 'onnxserve/handler'

export default defineHandler({
  handle: (requests) => requests.map((request) => request.parts[0].bytes),
})
`

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      mebibytes: { type: 'string', default: '16' },
      rounds: { type: 'string', default: '5' },
      wire: { type: 'string', default: '' },
    },
  })
  const payloadBytes = Number(values.mebibytes) * MEBIBYTE
  const directory = mkdtempSync(join(tmpdir(), 'onnxserve-payload-'))
  const server = await start(directory)
  const session = connect(`http://${server.grpcInference}`, { settings: { initialWindowSize: WINDOW_BYTES } })
  session.on('connect', () => session.setLocalWindowSize(WINDOW_BYTES))
  const chosen = wires(payloadBytes).filter(({ name }) => name.includes(values.wire))
  try {
    const idle = await measureIdle(server)
    console.log(`Idle, the loop stood still for ${shown(idle)}.\n`)
    console.log(
      '| wire | sent and got back, MiB | median, ms | MiB/s | loop stood still, ms (of processor time) |',
    )
    console.log('|---|---|---|---|---|---|')
    for (const wire of chosen) {
      await rounds({ server, session, wire }, WARM_UP_ROUNDS)
      const took = await rounds({ server, session, wire }, Number(values.rounds))
      const { mebibytes, timesMs } = took
      const middleMs = median(timesMs)
      const rate = (mebibytes * 1000) / middleMs
      console.log(
        `| ${wire.name} | ${mebibytes.toFixed(1)} | ${middleMs.toFixed(0)} | ${rate.toFixed(0)} | ${took.frontendCpuMs.toFixed(0)} | ${shown(took.still)} |`,
      )
    }
  } finally {
    session.close()
    await server.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}

async function start(directory: string): Promise<ServerProcess> {
  await packTestArchive(directory, { modelName: 'floats', model: identity('FP32', ['batch', 'n']) })
  await packTestArchive(directory, { modelName: 'bools', model: identity('BOOL', ['batch', 'n']) })
  await packTestArchive(directory, { modelName: 'texts', model: identity('BYTES', ['batch', 'n']) })
  await packTestArchive(directory, { modelName: 'echo', handler: ECHO })
  const watch = fileURLToPath(new URL('loop-watch.mjs', import.meta.url))
  return ServerProcess.start({
    modelStore: directory,
    args: ['--load-models', 'all'],
    environment: { NODE_OPTIONS: `--import ${watch}` },
  })
}

type Still = { readonly wallMs: number; readonly cpuMs: number }

function shown({ wallMs, cpuMs }: Still): string {
  return `${wallMs.toFixed(1)} (${cpuMs.toFixed(1)})`
}

let asked = 0

/** How long the loop stood still at most since it was asked last. */
async function longestStill(server: ServerProcess): Promise<Still> {
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
  server.child.kill('SIGUSR2')
  asked++
  const [, wallMs, cpuMs] = await server.untilOutput(new RegExp(`loop-watch ${asked}: (\\S+) (\\S+)\n`))
  return { wallMs: Number(wallMs), cpuMs: Number(cpuMs) }
}

async function measureIdle(server: ServerProcess): Promise<Still> {
  await longestStill(server)
  return longestStill(server)
}

type Target = {
  readonly server: ServerProcess
  readonly session: ClientHttp2Session
  readonly wire: Wire
}

async function rounds({ server, session, wire }: Target, count: number) {
  await longestStill(server)
  const timesMs: number[] = []
  const cpuBeforeMs = cpuMs(server.pid)
  let answeredBytes = 0
  for (let round = 0; round < count; round++) {
    const startedMs = performance.now()
    answeredBytes = await (wire.isGrpc ? overHttp2(session, wire) : overHttp1(server, wire))
    timesMs.push(performance.now() - startedMs)
  }
  const mebibytes = (wire.body.byteLength + answeredBytes) / MEBIBYTE
  const frontendCpuMs = (cpuMs(server.pid) - cpuBeforeMs) / count
  return { timesMs, mebibytes, frontendCpuMs, still: await longestStill(server) }
}

function overHttp1(server: ServerProcess, { path, headers, body, name }: Wire): Promise<number> {
  return new Promise((resolve, reject) => {
    const options = { method: 'POST', headers: { ...headers, 'content-length': body.byteLength } }
    const request = httpRequest(`${server.inference}${path}`, options, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        const answer = Buffer.concat(chunks)
        if (response.statusCode === 200) resolve(answer.byteLength)
        else reject(new Error(`${name}: ${response.statusCode} ${answer.toString('utf8', 0, 500)}`))
      })
    })
    request.on('error', reject)
    request.end(body)
  })
}

function overHttp2(session: ClientHttp2Session, { path, headers, body, name }: Wire): Promise<number> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':method': 'POST', ':path': path, ...headers })
    let bytes = 0
    let status: unknown
    const onHeaders = (received: Readonly<Record<string, unknown>>) => {
      status ??= received['grpc-status']
    }
    stream.on('response', onHeaders)
    stream.on('trailers', onHeaders)
    stream.on('data', (chunk: Buffer) => (bytes += chunk.byteLength))
    stream.on('error', reject)
    stream.on('close', () => {
      if (bytes >= body.byteLength / 2) resolve(bytes)
      else reject(new Error(`${name}: ${bytes} bytes came back, gRPC status ${String(status)}`))
    })
    stream.end(body)
  })
}

await main()
