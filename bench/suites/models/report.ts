import { acrossRounds } from '../../rounds.ts'
import type { Chart, ResultTable, Target } from '../suite.ts'
import { target } from '../target.ts'
import type { ModelResults } from './measure-model.ts'

const LEAST_SHARE = 0.95
/** Smaller models are all overhead; theirs is told, and the suite about overhead has targets for it. */
const PROMISED: readonly string[] = ['resnet-50', 'bert-base']

export function tablesOf(results: readonly ModelResults[]): ResultTable[] {
  return [comparison(results), sweeps(results)]
}

function comparison(results: readonly ModelResults[]): ResultTable {
  return {
    title: 'The saturated server and the `session.run` loop at its best batch',
    columns: [
      'model',
      'million parameters',
      'MB',
      'rows a run',
      'loop rows/s',
      'its threads',
      'server rows/s',
      '× loop',
      'batch reached',
      'p50 ms',
      'p99 ms',
      'CPU ms a row: loop',
      'worker',
      'frontend',
    ],
    rows: results.map((result) => [
      result.model.name,
      rounded(result.model.parameters / 1e6, 2),
      rounded(result.weightBytes / 1e6, 1),
      result.batchRows,
      rounded(result.loop.rowsPerSecond, 1),
      result.loop.isSpinning ? 'spin' : 'sleep',
      rounded(result.server.rowsPerSecond, 1),
      rounded(shareOf(result), 3),
      rounded(result.server.batchRows, 2),
      rounded(result.server.p50Ms, 2),
      rounded(result.server.p99Ms, 2),
      rounded(result.loop.cpuMicrosPerRow / 1000, 3),
      rounded(result.server.workerCpuMicrosPerRow / 1000, 3),
      rounded(result.server.frontendCpuMicrosPerRow / 1000, 3),
    ]),
    note: 'The loop has the machine to itself, and of the two ways in which its threads can wait the faster one; the server shares the machine with the load generator.',
  }
}

function sweeps(results: readonly ModelResults[]): ResultTable {
  const sizes = results[0]?.sweep.map(({ rows }) => rows) ?? []
  return {
    title: 'Rows a second of the loop by rows a run',
    columns: ['model', ...sizes.map(String)],
    rows: results.map(({ model, sweep }) => [
      model.name,
      ...sweep.map(({ rowsPerSecond }) => rounded(rowsPerSecond, 1)),
    ]),
  }
}

export function chartOf(results: readonly ModelResults[]): Chart {
  return {
    title: 'Throughput of the saturated server, × the session.run loop',
    kind: 'bar',
    xLabel: 'model',
    yLabel: '× loop',
    series: [{ name: 'server', points: results.map((result) => [result.model.name, shareOf(result)]) }],
  }
}

export function targetsOf(results: readonly ModelResults[]): Target[] {
  return results
    .filter(({ model }) => PROMISED.includes(model.name))
    .map((result) =>
      target({
        name: `${result.model.name} on the CPU, saturated, × the raw loop at its best batch`,
        measured: shareOf(result),
        limit: LEAST_SHARE,
        bound: 'least',
        unit: ' ×',
      }),
    )
}

export function ratiosOf(results: readonly ModelResults[]): Record<string, number> {
  return Object.fromEntries(results.map((result) => [`${result.model.name} × loop`, shareOf(result)]))
}

function shareOf({ server, loop }: ModelResults): number {
  return acrossRounds(server.runs, loop.runs, (ours, ceiling) => ours.rowsPerSecond / ceiling.rowsPerSecond)
}

function rounded(value: number, decimals: number): number {
  return Number(value.toFixed(decimals))
}
