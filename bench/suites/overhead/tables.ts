import type { Measurement } from '../../measure.ts'
import type { Chart, ResultTable } from '../suite.ts'
import type { Lone, Memory, Overhead, Point } from './results.ts'

const LEGEND =
  '(a) bare: `node:http` + `JSON.parse` + `session.run` in one thread, JSON in and out. (b) raw: the `session.run` ' +
  'loop alone, in one thread, at the mean batch size of the server. CPU in µs per request. Spread: (largest − ' +
  'smallest) ÷ median of the runs.'

export function overheadTables({ points, memory, lone }: Overhead): ResultTable[] {
  return [throughputTable(points), loneTable(lone), memoryTable(memory)]
}

function throughputTable(points: readonly Point[]): ResultTable {
  return {
    title: 'Requests per second and latency',
    columns: [
      ...['model', 'wire', 'c', 'req/s', 'spread', 'p50 ms', 'p99 ms', 'CPU frontend', 'CPU worker', 'batch'],
      ...['(a) req/s', '(a) p50 ms', '(a) p99 ms', '(a) CPU', '(b) rows/s', '× (a)', '× (b)'],
    ],
    rows: points.map(throughputRow),
    note: LEGEND,
  }
}

function throughputRow(point: Point): (string | number)[] {
  const { model, wire, connections, onnxserve, bare, rawRowsPerSecond, rawBatchRows } = point
  return [
    ...[model, wire, String(connections), Math.round(onnxserve.requestsPerSecond), percent(onnxserve.spread)],
    ...[onnxserve.p50Ms, onnxserve.p99Ms, onnxserve.frontendCpuMicros, onnxserve.workerCpuMicros],
    ...[onnxserve.batchRows, Math.round(bare.requestsPerSecond), bare.p50Ms, bare.p99Ms],
    ...[bare.frontendCpuMicros, `${Math.round(rawRowsPerSecond)} at ${rawBatchRows}`],
    ...[onnxserve.requestsPerSecond / bare.requestsPerSecond, onnxserve.requestsPerSecond / rawRowsPerSecond],
  ]
}

const percent = (share: number) => `${Math.round(100 * share)} %`

function loneTable({ delayMs, batching, single }: Lone): ResultTable {
  const row = (name: string, { p50Ms, p90Ms, p99Ms }: Measurement) => [name, p50Ms, p90Ms, p99Ms]
  return {
    title: 'A request that comes alone',
    columns: ['model', 'p50 ms', 'p90 ms', 'p99 ms'],
    rows: [row(`batches, maxBatchDelayMs ${delayMs}`, batching), row('batch size 1', single)],
    note: 'One connection with 20 ms between an answer and the next request, to an otherwise idle server.',
  }
}

function memoryTable(memory: readonly Memory[]): ResultTable {
  const megabytes = (bytes: number) => bytes / 1e6
  return {
    title: 'Memory after the run',
    columns: ['model', 'model MB', 'frontend RSS MB', 'worker process private MB'],
    rows: memory.map(({ model, modelBytes, frontendResidentBytes, workerPrivateBytes }) => [
      ...[model, megabytes(modelBytes), megabytes(frontendResidentBytes), megabytes(workerPrivateBytes)],
    ]),
  }
}

export function overheadCharts({ points }: Overhead): Chart[] {
  const models = [...new Set(points.map(({ model }) => model))]
  return models.map((model) => {
    const of = (wire: string) => points.filter((point) => point.model === model && point.wire === wire)
    const rates = (chosen: readonly Point[], pick: (point: Point) => Measurement) =>
      chosen.map((point) => [point.connections, pick(point).requestsPerSecond] as const)
    return {
      title: `${model}: requests per second by connections`,
      kind: 'line',
      xLabel: 'connections',
      yLabel: 'requests per second',
      logX: true,
      series: [
        { name: 'OnnxServe, V2 binary', points: rates(of('V2 binary'), ({ onnxserve }) => onnxserve) },
        { name: 'OnnxServe, JSON', points: rates(of('JSON'), ({ onnxserve }) => onnxserve) },
        { name: 'bare, JSON', points: rates(of('JSON'), ({ bare }) => bare) },
      ],
    }
  })
}
