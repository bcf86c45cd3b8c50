import type { Labels, MetricFamily, ValuePoint } from '../exposition/family.ts'
import type { GpuReading } from './gpu.ts'

const BYTES_PER_MEGABYTE = 1024 ** 2
const PERCENT = 100

type Gauge = {
  readonly name: string
  readonly help: string
  readonly read: (gpu: GpuReading) => number | undefined
}

const bytes = (megabytes: number | undefined) =>
  megabytes === undefined ? undefined : megabytes * BYTES_PER_MEGABYTE
const ratio = (percent: number | undefined) => (percent === undefined ? undefined : percent / PERCENT)

/** Names end in those of Triton, where it has the same. */
const GAUGES: readonly Gauge[] = [
  {
    name: 'utilization',
    help: 'Share of time in which a kernel ran on the GPU, 0 to 1.',
    read: (gpu) => ratio(gpu.utilizationPercent),
  },
  {
    name: 'memory_used_bytes',
    help: 'Memory of the GPU in use, by any program.',
    read: (gpu) => bytes(gpu.memoryUsedMegabytes),
  },
  {
    name: 'memory_total_bytes',
    help: 'Memory of the GPU.',
    read: (gpu) => bytes(gpu.memoryTotalMegabytes),
  },
  { name: 'power_usage', help: 'What the GPU draws, in watts.', read: (gpu) => gpu.powerWatts },
  { name: 'power_limit', help: 'What the GPU may draw, in watts.', read: (gpu) => gpu.powerLimitWatts },
]

const TEMPERATURE: Gauge = {
  name: 'temperature_celsius',
  help: 'Temperature of the GPU.',
  read: (gpu) => gpu.temperatureCelsius,
}

/** The GPUs of the machine under our names. A gauge without any value is left out. */
export function gpuMetrics(gpus: readonly GpuReading[]): MetricFamily[] {
  const labelsOf = ({ deviceId, uuid }: GpuReading): Labels => [
    ['device_id', deviceId],
    ...(uuid === undefined ? [] : [['uuid', uuid] as const]),
  ]
  return familiesOf([...GAUGES, TEMPERATURE], 'onnxserve_gpu_', gpus, labelsOf)
}

/** The GPUs under Triton's names; a GPU without a UUID goes by its number. */
export function tritonGpuMetrics(gpus: readonly GpuReading[]): MetricFamily[] {
  return familiesOf(GAUGES, 'nv_gpu_', gpus, ({ deviceId, uuid = deviceId }) => [['gpu_uuid', uuid]])
}

function familiesOf(
  gauges: readonly Gauge[],
  prefix: string,
  gpus: readonly GpuReading[],
  labelsOf: (gpu: GpuReading) => Labels,
): MetricFamily[] {
  const pointsOf = ({ read }: Gauge) =>
    gpus.flatMap((gpu): ValuePoint[] => {
      const value = read(gpu)
      return value === undefined ? [] : [{ labels: labelsOf(gpu), value }]
    })
  return gauges
    .map((gauge) => ({
      name: prefix + gauge.name,
      help: gauge.help,
      kind: 'gauge' as const,
      points: pointsOf(gauge),
    }))
    .filter(({ points }) => points.length > 0)
}
