import type { ResultTable, Target } from '../suite.ts'
import { target } from '../target.ts'
import type { Refusals } from './results.ts'

const MOST_CPU_MICROS = 60

export function refusalsTarget({ cpuMicros }: Refusals): Target {
  return target({
    name: 'full queue: frontend CPU per refusal',
    measured: cpuMicros,
    limit: MOST_CPU_MICROS,
    bound: 'most',
    unit: ' µs',
  })
}

export function refusalsTable({ perSecond, p50Ms, p99Ms, cpuMicros }: Refusals): ResultTable {
  return {
    title: 'A full queue',
    columns: ['refusals/s', 'p50 ms', 'p99 ms', 'CPU µs frontend'],
    rows: [[Math.round(perSecond), p50Ms, p99Ms, cpuMicros]],
    note: 'Another model, whose one request does not end: all others are refused. Closed loop of 32 connections, bodies of 1 KiB.',
  }
}
