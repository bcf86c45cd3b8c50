import { arch, cpus, platform, totalmem } from 'node:os'
import type { Memory, Point, Report } from './results.ts'
import type { Target } from './suites/suite.ts'
import { evaluateTargets } from './targets.ts'

export function describeMachine(): Pick<Report, 'machine' | 'date' | 'node'> {
  const processors = cpus()
  const gibibytes = Math.round(totalmem() / 2 ** 30)
  return {
    machine: `${processors.length} × ${processors[0]?.model ?? 'unknown processor'}, ${gibibytes} GiB, ${platform()} ${arch()}`,
    date: new Date().toISOString().slice(0, 10),
    node: process.version,
  }
}

const LEGEND = `(a) bare: \`node:http\` + \`JSON.parse\` + \`session.run\` in one thread. (b) raw: the \`session.run\` loop alone, in one thread, at the server's mean batch size.`

export function markdownOf(report: Report): string {
  const { machine, node, date, settings, points, memory } = report
  return [
    `${machine}; Node.js ${node}; ${date}; ${settings}.`,
    '',
    LEGEND,
    '',
    ...table(POINT_COLUMNS, points),
    '',
    ...table(MEMORY_COLUMNS, memory),
    '',
    ...table(TARGET_COLUMNS, evaluateTargets(report)),
    '',
  ].join('\n')
}

type Column<T> = { readonly title: string; readonly of: (row: T) => string }

const whole = (value: number) => value.toFixed(0)
const hundredths = (value: number) => value.toFixed(2)
const megabytes = (bytes: number) => (bytes / 1e6).toFixed(0)

const POINT_COLUMNS: readonly Column<Point>[] = [
  { title: 'model', of: (point) => point.model },
  { title: 'c', of: (point) => String(point.connections) },
  { title: 'req/s', of: ({ onnxserve }) => whole(onnxserve.requestsPerSecond) },
  { title: 'p50 ms', of: ({ onnxserve }) => hundredths(onnxserve.p50Ms) },
  { title: 'p99 ms', of: ({ onnxserve }) => hundredths(onnxserve.p99Ms) },
  { title: 'CPU µs frontend', of: ({ onnxserve }) => whole(onnxserve.frontendCpuMicros) },
  { title: 'CPU µs worker', of: ({ onnxserve }) => whole(onnxserve.workerCpuMicros) },
  { title: 'batch', of: ({ onnxserve }) => hundredths(onnxserve.batchRows) },
  { title: '(a) req/s', of: ({ bare }) => whole(bare.requestsPerSecond) },
  { title: '(a) p50 ms', of: ({ bare }) => hundredths(bare.p50Ms) },
  { title: '(a) p99 ms', of: ({ bare }) => hundredths(bare.p99Ms) },
  { title: '(a) CPU µs', of: ({ bare }) => whole(bare.frontendCpuMicros) },
  { title: '(b) rows/s', of: (point) => `${whole(point.rawRowsPerSecond)} at ${point.rawBatchRows}` },
  {
    title: '× (a)',
    of: ({ onnxserve, bare }) => hundredths(onnxserve.requestsPerSecond / bare.requestsPerSecond),
  },
  {
    title: '× (b)',
    of: ({ onnxserve, ...point }) => hundredths(onnxserve.requestsPerSecond / point.rawRowsPerSecond),
  },
]

const MEMORY_COLUMNS: readonly Column<Memory>[] = [
  { title: 'model', of: (row) => row.model },
  { title: 'model MB', of: (row) => hundredths(row.modelBytes / 1e6) },
  { title: 'frontend RSS MB', of: (row) => megabytes(row.frontendResidentBytes) },
  { title: 'worker process private MB', of: (row) => megabytes(row.workerPrivateBytes) },
]

const TARGET_COLUMNS: readonly Column<Target>[] = [
  { title: 'target', of: (target) => target.name },
  {
    title: 'wanted',
    of: ({ bound, limit, unit }) => `${bound === 'least' ? '≥' : '≤'} ${limit.toFixed(2)}${unit}`,
  },
  { title: 'measured', of: ({ measured, unit }) => `${measured.toFixed(2)}${unit}` },
  { title: 'met', of: (target) => (target.isMet ? 'yes' : 'no') },
]

function table<T>(columns: readonly Column<T>[], rows: readonly T[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [
    line(columns.map(({ title }) => title)),
    line(columns.map(() => '---')),
    ...rows.map((row) => line(columns.map(({ of }) => of(row)))),
  ]
}
