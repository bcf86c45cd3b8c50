import { acrossRounds } from '../../rounds.ts'
import type { Chart, ResultTable, Target } from '../suite.ts'
import { target } from '../target.ts'
import type { RegistrationsResult, RegistrationStep } from './measure-registrations.ts'
import type { WorkersResult } from './measure-workers.ts'

export type Results = {
  readonly workers: readonly WorkersResult[]
  readonly registrations: RegistrationsResult
}

const MOST_KILOBYTES = 50
const MOST_P99_RATIO = 1.1

export function tablesOf({ workers, registrations }: Results): ResultTable[] {
  return [workersTable(workers), stepsTable(registrations), activeTable(registrations)]
}

function workersTable(results: readonly WorkersResult[]): ResultTable {
  return {
    title: 'Workers of one model',
    columns: ['workers', 'req/s', 'p50 ms', 'p99 ms', 'rows a batch', 'private MB of the workers'],
    rows: results.map((result) => [
      result.workers,
      Math.round(result.requestsPerSecond),
      rounded(result.p50Ms),
      rounded(result.p99Ms),
      rounded(result.batchRows),
      Math.round(result.workerPrivateBytes / 1e6),
    ]),
  }
}

function stepsTable({ steps, metricsMs }: RegistrationsResult): ResultTable {
  return {
    title: 'Registered models',
    columns: ['models', 'ms a registration', 'CPU ms', 'frontend RSS MB', 'KB a model'],
    rows: steps.map((step, index) => [
      step.models,
      index === 0 ? '' : rounded(step.registrationMs),
      index === 0 ? '' : rounded(step.registrationCpuMs),
      rounded(step.residentBytes / 1e6),
      index === 0 ? '' : rounded(kilobytesPerModel(steps.slice(0, index + 1))),
    ]),
    note: `KB a model is the growth since the first line, over the models since then. The metrics page of all took ${Math.round(metricsMs)} ms.`,
  }
}

function activeTable({ alone, among, steps }: RegistrationsResult): ResultTable {
  const models = steps.at(-1)?.models ?? 0
  const row = (name: string, { p50Ms, p99Ms, frontendCpuMicros }: RegistrationsResult['alone']) => [
    name,
    rounded(p50Ms),
    rounded(p99Ms),
    Math.round(frontendCpuMicros),
  ]
  return {
    title: 'The active models',
    columns: ['beside them', 'p50 ms', 'p99 ms', 'CPU µs frontend'],
    rows: [row('nothing', alone), row(`${models} registered in all`, among)],
  }
}

export function chartsOf({ workers, registrations: { steps } }: Results): Chart[] {
  return [
    {
      title: 'Memory of the frontend by registered models',
      kind: 'line',
      xLabel: 'models',
      yLabel: 'MB',
      logX: true,
      series: [{ name: 'RSS', points: steps.map((step) => [step.models, step.residentBytes / 1e6]) }],
    },
    {
      title: 'Throughput by workers',
      kind: 'bar',
      xLabel: 'workers',
      yLabel: 'requests/s',
      series: [
        { name: 'OnnxServe', points: workers.map((each) => [String(each.workers), each.requestsPerSecond]) },
      ],
    },
  ]
}

export function targetsOf({ registrations }: Results): Target[] {
  const models = registrations.steps.at(-1)?.models ?? 0
  return [
    target({
      name: `${models} registered models: growth of the frontend's RSS a model`,
      measured: kilobytesPerModel(registrations.steps),
      limit: MOST_KILOBYTES,
      bound: 'most',
      unit: ' KB',
    }),
    target({
      name: `${models} registered models: p99 of the active ones, × without the others`,
      measured: p99Ratio(registrations),
      limit: MOST_P99_RATIO,
      bound: 'most',
      unit: ' ×',
    }),
  ]
}

export function ratiosOf({ workers, registrations }: Results): Record<string, number> {
  const runs = (count: number) => workers.find((each) => each.workers === count)?.runs ?? []
  const times = acrossRounds(runs(2), runs(1), (two, one) => two.requestsPerSecond / one.requestsPerSecond)
  return {
    'two workers ÷ one': times,
    'p99 among the others ÷ alone': p99Ratio(registrations),
  }
}

function p99Ratio({ alone, among }: RegistrationsResult): number {
  return acrossRounds(among.runs, alone.runs, (busy, idle) => busy.p99Ms / idle.p99Ms)
}

/** From the first step to the last. */
export function kilobytesPerModel(steps: readonly RegistrationStep[]): number {
  const [first, last] = [steps[0], steps.at(-1)]
  if (first === undefined || last === undefined) return NaN
  return (last.residentBytes - first.residentBytes) / 1000 / (last.models - first.models)
}

function rounded(value: number): number {
  return Number(value.toFixed(2))
}
