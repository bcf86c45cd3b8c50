import type { Case } from './case.ts'

type Named = { readonly name: string; readonly kind: 'counter' | 'gauge'; readonly labels: readonly string[] }

const HOST = ['Level', 'Hostname']
const PER_MODEL = ['model_name', 'model_version', 'hostname']

/** §5: what dashboards of TorchServe's users ask for. The GPU's are there where there is one. */
const NAMES: readonly Named[] = [
  { name: 'Requests2XX', kind: 'counter', labels: HOST },
  { name: 'Requests4XX', kind: 'counter', labels: HOST },
  { name: 'Requests5XX', kind: 'counter', labels: HOST },
  { name: 'ts_inference_requests_total', kind: 'counter', labels: PER_MODEL },
  { name: 'ts_inference_latency_microseconds', kind: 'counter', labels: PER_MODEL },
  { name: 'ts_queue_latency_microseconds', kind: 'counter', labels: PER_MODEL },
  { name: 'QueueTime', kind: 'gauge', labels: HOST },
  { name: 'WorkerThreadTime', kind: 'gauge', labels: HOST },
  { name: 'WorkerLoadTime', kind: 'gauge', labels: ['WorkerName', ...HOST] },
  { name: 'CPUUtilization', kind: 'gauge', labels: HOST },
  { name: 'MemoryUtilization', kind: 'gauge', labels: HOST },
  { name: 'DiskUtilization', kind: 'gauge', labels: HOST },
  { name: 'MemoryUsed', kind: 'gauge', labels: HOST },
  { name: 'MemoryAvailable', kind: 'gauge', labels: HOST },
  { name: 'DiskUsage', kind: 'gauge', labels: HOST },
  { name: 'DiskAvailable', kind: 'gauge', labels: HOST },
  { name: 'HandlerTime', kind: 'gauge', labels: ['ModelName', ...HOST] },
  { name: 'PredictionTime', kind: 'gauge', labels: ['ModelName', ...HOST] },
]

/** A sample with these labels in this order, and what may follow the last of them. */
function sample({ name, labels }: Named, end: string): RegExp {
  return new RegExp(`^${name}\\{${labels.map((label) => `${label}="[^"]*"`).join(',')}${end}\\} `, 'm')
}

/** §5: exact names, kinds and labels; TorchServe writes a comma after the last label and a point in each value. */
export const METRICS_CASES: readonly Case[] = [
  ...NAMES.map((named): Case => {
    const type = new RegExp(`^# TYPE ${named.name} ${named.kind}$`, 'm')
    return {
      it: `§5 ${named.name}`,
      listener: 'metrics',
      path: '/metrics',
      strict: { status: 200, body: [type, sample(named, '')] },
      torchserve: { status: 200, body: [type, sample(named, ',')] },
    }
  }),
  {
    it: '§5 the format',
    listener: 'metrics',
    path: '/metrics',
    strict: {
      status: 200,
      headers: { 'content-type': /^text\/plain; version=0\.0\.4; charset=utf-8$/, vary: /^accept, origin$/ },
    },
  },
  {
    it: '§5 a value',
    listener: 'metrics',
    path: '/metrics?name[]=Requests2XX',
    strict: { status: 200, body: /^Requests2XX\{.*\} \d+$/m },
    torchserve: { status: 200, body: /^Requests2XX\{.*\} \d+\.\d+$/m },
  },
  {
    it: '§5 only the names asked for',
    listener: 'metrics',
    path: '/metrics?name[]=QueueTime&name[]=Requests2XX',
    strict: { status: 200, body: [/^QueueTime\{/m, /^Requests2XX\{/m, /^(?![^]*^WorkerThreadTime)/m] },
  },
  {
    it: '§3.6 description of the listener',
    listener: 'metrics',
    method: 'OPTIONS',
    path: '/',
    strict: { status: 200, body: [/"openapi"/, /"\/metrics"/] },
  },
]
