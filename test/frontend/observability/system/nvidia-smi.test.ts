import assert from 'node:assert/strict'
import { gpuMetrics, tritonGpuMetrics } from '../../../../frontend/observability/system/gpu-metrics.ts'
import type { GpuReading } from '../../../../frontend/observability/system/gpu.ts'
import { NvidiaSmi } from '../../../../frontend/observability/system/nvidia-smi.ts'
import { systemRows } from '../../../../frontend/observability/torchserve/ts-reading.ts'

const TWO_GPUS = `0, GPU-5e1f, 87, 20480, 81920, 54, 312.50, 700.00
1, GPU-9a0c, [N/A], 1024, 81920, 31, [Not Supported], 700.00
`
const FIRST: GpuReading = {
  deviceId: '0',
  uuid: 'GPU-5e1f',
  utilizationPercent: 87,
  memoryUsedMegabytes: 20480,
  memoryTotalMegabytes: 81920,
  temperatureCelsius: 54,
  powerWatts: 312.5,
  powerLimitWatts: 700,
}
/** One that tells nothing of its load, as a slice of a GPU does. */
const SECOND: GpuReading = {
  deviceId: '1',
  uuid: 'GPU-9a0c',
  memoryUsedMegabytes: 1024,
  memoryTotalMegabytes: 81920,
  temperatureCelsius: 31,
  powerLimitWatts: 700,
}

describe('NvidiaSmi', () => {
  const READINGS: readonly {
    readonly it: string
    readonly run: () => Promise<string>
    readonly gpus: readonly GpuReading[]
  }[] = [
    {
      it: 'reads each GPU, leaving out what it does not tell',
      run: async () => TWO_GPUS,
      gpus: [FIRST, SECOND],
    },
    { it: 'has none where the program is missing', run: () => Promise.reject(new Error('ENOENT')), gpus: [] },
    {
      it: 'has none where the driver has an error to tell',
      run: async () => 'No devices were found\n',
      gpus: [],
    },
  ]
  for (const { it: claim, run, gpus } of READINGS) {
    it(claim, async () => {
      assert.deepEqual(await new NvidiaSmi(run, () => true).read(), gpus)
    })
  }

  it('starts no program where there is no driver', async () => {
    const calls: (readonly string[])[] = []
    const run = async (args: readonly string[]) => {
      calls.push(args)
      return TWO_GPUS
    }
    assert.deepEqual(await new NvidiaSmi(run, () => false).read(), [])
    assert.deepEqual(calls, [])
  })
})

describe('GPU metrics', () => {
  const valuesOf = (families: ReturnType<typeof gpuMetrics>) =>
    families.flatMap((family) =>
      family.points.map((point) => {
        const labels = point.labels.map(([name, value]) => `${name}=${value}`).join(',')
        return `${family.name}{${labels}} ${'value' in point ? point.value : ''}`
      }),
    )

  it('have names of ours', () => {
    assert.deepEqual(valuesOf(gpuMetrics([FIRST, { ...SECOND, uuid: 'GPU-9a0c' }])), [
      'onnxserve_gpu_utilization{device_id=0,uuid=GPU-5e1f} 0.87',
      'onnxserve_gpu_memory_used_bytes{device_id=0,uuid=GPU-5e1f} 21474836480',
      'onnxserve_gpu_memory_used_bytes{device_id=1,uuid=GPU-9a0c} 1073741824',
      'onnxserve_gpu_memory_total_bytes{device_id=0,uuid=GPU-5e1f} 85899345920',
      'onnxserve_gpu_memory_total_bytes{device_id=1,uuid=GPU-9a0c} 85899345920',
      'onnxserve_gpu_power_usage{device_id=0,uuid=GPU-5e1f} 312.5',
      'onnxserve_gpu_power_limit{device_id=0,uuid=GPU-5e1f} 700',
      'onnxserve_gpu_power_limit{device_id=1,uuid=GPU-9a0c} 700',
      'onnxserve_gpu_temperature_celsius{device_id=0,uuid=GPU-5e1f} 54',
      'onnxserve_gpu_temperature_celsius{device_id=1,uuid=GPU-9a0c} 31',
    ])
  })

  it("have Triton's names, by UUID, or by number where there is none", () => {
    const values = valuesOf(tritonGpuMetrics([FIRST, { deviceId: '1', utilizationPercent: 50 }]))
    assert.deepEqual(values.slice(0, 3), [
      'nv_gpu_utilization{gpu_uuid=GPU-5e1f} 0.87',
      'nv_gpu_utilization{gpu_uuid=1} 0.5',
      'nv_gpu_memory_used_bytes{gpu_uuid=GPU-5e1f} 21474836480',
    ])
  })

  it('are absent without GPUs', () => {
    assert.deepEqual([...gpuMetrics([]), ...tritonGpuMetrics([])], [])
  })

  it("have TorchServe's names", () => {
    const reading = {
      cpu: { utilizationPercent: 1 },
      memory: { usedMegabytes: 1, availableMegabytes: 1, utilizationPercent: 50 },
      disk: undefined,
      gpus: [FIRST, SECOND],
    }
    const { GPUUtilization, GPUMemoryUsed, GPUMemoryUtilization } = systemRows(reading, 'h')
    assert.deepEqual(GPUUtilization, [{ values: ['Host', '0', 'h'], value: 87 }])
    assert.deepEqual(
      GPUMemoryUsed?.map(({ value }) => value),
      [20480, 1024],
    )
    assert.deepEqual(
      GPUMemoryUtilization?.map(({ value }) => value),
      [25, 1.25],
    )
  })
})
