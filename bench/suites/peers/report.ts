import { acrossRounds } from '../../rounds.ts'
import type { ResultTable, Target } from '../suite.ts'
import { target } from '../target.ts'
import type { PeerResult } from './measure-peers.ts'

const PROMISED_MODEL = 'tiny'
const LEAST_TIMES_FRAMEWORK = 5
const LEAST_TIMES_MODEL_SERVER = 8

export function tableOf(results: readonly PeerResult[]): ResultTable {
  return {
    title: 'OnnxServe and its peers',
    columns: [
      'model',
      'peer',
      'req/s',
      'p50 ms',
      'p99 ms',
      'CPU µs',
      'OnnxServe req/s',
      'its p99 ms',
      'its CPU µs',
      '× peer',
    ],
    rows: results.map((result) => {
      const { model, peer, onnxserve, theirs } = result
      return [
        model,
        peer.title,
        Math.round(theirs.requestsPerSecond),
        rounded(theirs.p50Ms),
        rounded(theirs.p99Ms),
        cpuMicros(theirs),
        Math.round(onnxserve.requestsPerSecond),
        rounded(onnxserve.p99Ms),
        cpuMicros(onnxserve),
        rounded(timesOf(result)),
      ]
    }),
    note: 'The versions are those of `bench/peers/requirements`; uvicorn has uvloop and httptools. Each server is warmed up before its rounds. CPU is that of all processes of a server, per request. × is the median, over the rounds, of the ratio within a round.',
  }
}

/** What a person would build by hand, and the fastest of what they would install. */
export function targetsOf(results: readonly PeerResult[]): Target[] {
  const promised = results.filter(({ model }) => model === PROMISED_MODEL)
  const kinds = [
    { what: 'FastAPI + onnxruntime', kind: 'framework', limit: LEAST_TIMES_FRAMEWORK },
    { what: 'the fastest Python model server', kind: 'model server', limit: LEAST_TIMES_MODEL_SERVER },
  ]
  return kinds.flatMap(({ what, kind, limit }) => {
    const times = promised.filter(({ peer }) => peer.kind === kind).map(timesOf)
    if (times.length === 0) return []
    const name = `${PROMISED_MODEL} at c=32, × ${what}`
    return [target({ name, measured: Math.min(...times), limit, bound: 'least', unit: ' ×' })]
  })
}

export function ratiosOf(results: readonly PeerResult[]): Record<string, number> {
  return Object.fromEntries(
    results.map((result) => [`${result.model} × ${result.peer.title}`, timesOf(result)]),
  )
}

function timesOf({ onnxserve, theirs }: PeerResult): number {
  return acrossRounds(
    onnxserve.runs,
    theirs.runs,
    (our, their) => our.requestsPerSecond / their.requestsPerSecond,
  )
}

function cpuMicros({ frontendCpuMicros, workerCpuMicros }: PeerResult['theirs']): number {
  return Math.round(frontendCpuMicros + workerCpuMicros)
}

function rounded(value: number): number {
  return Number(value.toFixed(2))
}
