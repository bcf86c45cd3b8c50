import type { ResultTable, SuiteResult, Target } from '../suites/suite.ts'
import { target } from '../suites/target.ts'
import type { GpuResults } from './measure-gpu.ts'

const LEAST_SHARE = 0.85
const LEAST_BUSY_PERCENT = 90

export function resultOf(results: GpuResults, device: string): SuiteResult {
  const { plan } = results
  const { model, precision, provider, connections, repeats, measureMs } = plan
  const warning = plan.isSoftware ? ' SOFTWARE DRIVER: the figures say nothing about a GPU.' : ''
  return {
    settings: `${model} ${precision} on ${provider}, ${device}, UINT8 pixels in binary V2 over ${connections} connections, median of ${repeats} runs of ${measureMs / 1000} s.${warning}`,
    tables: [comparison(results), sweep(results)],
    charts: [],
    targets: plan.isSoftware ? [] : targetsOf(results),
    ratios: plan.isSoftware ? {} : { [`${model} × loop on ${provider}`]: results.share },
    skipped: plan.isSoftware ? [{ what: 'the targets', reason: 'a software driver is no GPU' }] : [],
  }
}

function comparison(results: GpuResults): ResultTable {
  const { plan, server, busy, memory } = results
  return {
    title: `The saturated server and the \`session.run\` loop on ${plan.provider}`,
    columns: [
      'rows a run',
      'loop rows/s',
      'server rows/s',
      '× loop',
      'batch reached',
      'p50 ms',
      'p99 ms',
      'busy %: worker',
      'driver',
      'GPU MB: before',
      'loaded',
      'unloaded',
    ],
    rows: [
      [
        results.batchRows,
        rounded(results.loopRowsPerSecond, 1),
        rounded(server.rowsPerSecond, 1),
        rounded(results.share, 3),
        rounded(server.batchRows, 2),
        rounded(server.p50Ms, 2),
        rounded(server.p99Ms, 2),
        rounded(busy.byWorkerPercent, 1),
        known(busy.byDriverPercent),
        known(memory.beforeMegabytes),
        known(memory.loadedMegabytes),
        known(memory.unloadedMegabytes),
      ],
    ],
    note: 'Busy: the time that the worker spent in engine calls, and the mean of what nvidia-smi says five times a second.',
  }
}

function sweep(results: GpuResults): ResultTable {
  return {
    title: 'Rows a second of the loop by rows a run',
    columns: results.sweep.map(({ rows }) => String(rows)),
    rows: [results.sweep.map(({ rowsPerSecond }) => rounded(rowsPerSecond, 1))],
  }
}

function targetsOf(results: GpuResults): Target[] {
  const { busy, plan } = results
  return [
    target({
      name: `${plan.model} on ${plan.provider}, saturated, × the raw loop at its best batch`,
      measured: results.share,
      limit: LEAST_SHARE,
      bound: 'least',
      unit: ' ×',
    }),
    target({
      name: 'device busy',
      measured: busy.byDriverPercent ?? busy.byWorkerPercent,
      limit: LEAST_BUSY_PERCENT,
      bound: 'least',
      unit: ' %',
    }),
  ]
}

function rounded(value: number, decimals: number): number {
  return Number(value.toFixed(decimals))
}

function known(value: number | undefined): number | string {
  return value === undefined ? 'not measured' : rounded(value, 1)
}
