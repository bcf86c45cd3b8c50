import { median } from '../../load/percentile.ts'
import type { Measurement } from '../../measure.ts'
import type { Chart, ResultTable } from '../suite.ts'
import { throughputTimesBare, throughputTimesRaw } from './ratios.ts'
import type { Lone, Memory, Overhead, Point, ProcessMemory } from './results.ts'

const LEGEND =
  '(a) bare: `node:http` + `JSON.parse` + `session.run` in one thread, JSON in and out. (b) raw: the `session.run` ' +
  'loop alone, in one thread, at the mean batch size of the server. CPU in µs per request. Spread: (largest − ' +
  'smallest) ÷ median of the runs. × is the median, over the rounds, of the ratio within a round.'
const LOOPS_LEGEND =
  'How late a timer of 5 ms was in the process that speaks HTTP: the 99th percentile and the longest of a run, ' +
  'medians of the runs. Generator: the share of one processor that the load generator used, for the server and for ' +
  '(a); beyond 80 % it may be what limits the throughput.'
const MEMORY_LEGEND =
  'PSS: pages that several processes share count a part for each. Private: what no other process shares.'
/** Of one processor. */
const LIMITING_SHARE = 0.8

export function overheadTables({ points, memory, lone }: Overhead): ResultTable[] {
  return [throughputTable(points), loopsTable(points), loneTable(lone), memoryTable(memory)]
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
  const { model, wire, connections, onnxserve, bare, raw, rawBatchRows } = point
  const rawRowsPerSecond = median(raw.map(({ rowsPerSecond }) => rowsPerSecond))
  return [
    ...[model, wire, String(connections), Math.round(onnxserve.requestsPerSecond), percent(onnxserve.spread)],
    ...[onnxserve.p50Ms, onnxserve.p99Ms, onnxserve.frontendCpuMicros, onnxserve.workerCpuMicros],
    ...[onnxserve.batchRows, Math.round(bare.requestsPerSecond), bare.p50Ms, bare.p99Ms],
    ...[bare.frontendCpuMicros, `${Math.round(rawRowsPerSecond)} at ${rawBatchRows}`],
    ...[throughputTimesBare(point), throughputTimesRaw(point)],
  ]
}

const percent = (share: number) => `${Math.round(100 * share)} %`

function loopsTable(points: readonly Point[]): ResultTable {
  const generator = ({ generatorShare }: Measurement) =>
    `${percent(generatorShare)}${generatorShare > LIMITING_SHARE ? ', the limit' : ''}`
  return {
    title: 'Event loops, and the load generator',
    columns: [
      ...['model', 'wire', 'c', 'loop p99 ms', 'loop longest ms', '(a) loop p99 ms', '(a) loop longest ms'],
      ...['generator', '(a) generator'],
    ],
    rows: points.map(({ model, wire, connections, onnxserve, bare }) => [
      ...[model, wire, String(connections), onnxserve.loopP99Ms, onnxserve.loopLongestMs],
      ...[bare.loopP99Ms, bare.loopLongestMs, generator(onnxserve), generator(bare)],
    ]),
    note: LOOPS_LEGEND,
  }
}

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
  const row = (model: string, what: string, of: ProcessMemory) => [
    ...[model, what, of.residentBytes / 1e6, of.proportionalBytes / 1e6, of.privateBytes / 1e6],
  ]
  return {
    title: 'Memory after the run',
    columns: ['model', 'process', 'RSS MB', 'PSS MB', 'private MB'],
    rows: memory.flatMap(({ model, modelBytes, frontend, workers, bare }) => {
      const name = `${model}, ${(modelBytes / 1e6).toFixed(1)} MB`
      return [
        row(name, 'frontend', frontend),
        row(name, 'worker processes', workers),
        row(name, '(a) bare', bare),
      ]
    }),
    note: MEMORY_LEGEND,
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
