import { acrossRounds } from '../../rounds.ts'
import type { Chart, ResultTable, Target } from '../suite.ts'
import { target } from '../target.ts'
import type { PayloadResult } from './measure-payload.ts'
import { sizeName } from './plan.ts'
import { BINARY_TENSOR } from './wires.ts'

export const COLLECTED = 'node:http, collected'
export const PIPED = 'node:http, piped'

const TARGET_BYTES = 16 * 2 ** 20
const LEAST_RATIO = 0.5
const IN_CHART = [
  COLLECTED,
  BINARY_TENSOR,
  'V2 gRPC, raw FP32',
  'TorchServe REST, bytes',
  'V2 REST, JSON FP32',
]

const NOTE =
  'One exchange at a time over a connection that is kept open; MiB are those sent and those got back together. ' +
  '`node:http` is a server that sends back what it got: piece by piece as it comes (piped), or all of it when it has ' +
  'all (collected), as whoever computes with it must; ÷ is the median, over the passes, of the ratio within a pass. CPU is of the process that has the socket, per MiB. The last ' +
  'column is the longest time that its event loop stood still, and how much of it was processor time of its own.'

export function payloadTables(results: readonly PayloadResult[]): ResultTable[] {
  const sizes = [...new Set(results.map(({ sizeBytes }) => sizeBytes))]
  return sizes.map((sizeBytes, index) => ({
    title: `Payloads of ${sizeName(sizeBytes)}`,
    columns: ['wire', 'median ms', 'MiB/s', '÷ node:http', 'CPU ms per MiB', 'loop stood still, ms (CPU)'],
    rows: results.filter((result) => result.sizeBytes === sizeBytes).map((result) => rowOf(result, results)),
    ...(index === sizes.length - 1 ? { note: NOTE } : {}),
  }))
}

function rowOf(result: PayloadResult, results: readonly PayloadResult[]): (string | number)[] {
  const { wire, medianMs, mebibytesPerSecond, cpuMsPerMebibyte, longestMs, longestCpuMs } = result
  const still =
    longestMs === undefined ? '' : `${longestMs.toFixed(1)} (${(longestCpuMs ?? longestMs).toFixed(1)})`
  return [wire, medianMs, mebibytesPerSecond, speedRatio(result, results), cpuMsPerMebibyte, still]
}

function baselineOf({ sizeBytes }: PayloadResult, results: readonly PayloadResult[]) {
  return results.find((other) => other.sizeBytes === sizeBytes && other.wire === COLLECTED)
}

function speedRatio(result: PayloadResult, results: readonly PayloadResult[]): number {
  const baseline = baselineOf(result, results)?.passes ?? []
  return acrossRounds(
    result.passes,
    baseline,
    (ours, theirs) => ours.mebibytesPerSecond / theirs.mebibytesPerSecond,
  )
}

export function payloadTargets(results: readonly PayloadResult[]): Target[] {
  return results
    .filter(({ wire, sizeBytes }) => wire === BINARY_TENSOR && sizeBytes === TARGET_BYTES)
    .map((result) =>
      target({
        name: `${BINARY_TENSOR}, ${sizeName(TARGET_BYTES)} in and out: speed ÷ ${COLLECTED}`,
        measured: speedRatio(result, results),
        limit: LEAST_RATIO,
        bound: 'least',
        unit: ' ×',
      }),
    )
}

export function payloadRatios(results: readonly PayloadResult[]): Record<string, number> {
  const ours = results.filter(({ wire }) => wire !== COLLECTED && wire !== PIPED)
  return Object.fromEntries(
    ours.flatMap((result) => {
      const name = `${result.wire}, ${sizeName(result.sizeBytes)}`
      const baseline = baselineOf(result, results)
      return [
        [`${name}: speed ÷ node:http`, speedRatio(result, results)],
        [`${name}: CPU per MiB ÷ node:http`, result.cpuMsPerMebibyte / (baseline?.cpuMsPerMebibyte ?? NaN)],
      ]
    }),
  )
}

export function payloadChart(results: readonly PayloadResult[]): Chart {
  const points = (wire: string) =>
    results
      .filter((result) => result.wire === wire)
      .map(({ sizeBytes, mebibytesPerSecond }) => [sizeBytes / 2 ** 20, mebibytesPerSecond] as const)
  return {
    title: 'MiB per second in and out, by the size of the payload',
    kind: 'line',
    xLabel: 'payload, MiB',
    yLabel: 'MiB per second',
    logX: true,
    series: IN_CHART.map((name) => ({ name, points: points(name) })),
  }
}
