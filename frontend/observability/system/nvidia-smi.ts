import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { promisify } from 'node:util'
import type { GpuReading } from './gpu.ts'

/** In the order of the columns. */
const COLUMNS = [
  'index',
  'uuid',
  'utilization.gpu',
  'memory.used',
  'memory.total',
  'temperature.gpu',
  'power.draw',
  'power.limit',
] as const

const ARGUMENTS = [`--query-gpu=${COLUMNS.join(',')}`, '--format=csv,noheader,nounits']
/** A driver that hangs must not hold up the readings of everything else for long. */
const TIMEOUT_MS = 5000
/** Of NVIDIA's driver on Linux, and of a Windows host below it. */
const DRIVER_TRACES = ['/dev/nvidiactl', '/dev/dxg']

/** What the program prints. Rejects when it cannot be run. */
export type RunNvidiaSmi = (args: readonly string[]) => Promise<string>

/** GPUs of NVIDIA, by the program that comes with their driver; the driver's files tell nothing of their load. */
export class NvidiaSmi {
  readonly #run: RunNvidiaSmi
  readonly #hasDriver: () => boolean

  constructor(
    run: RunNvidiaSmi = runNvidiaSmi,
    hasDriver = () => DRIVER_TRACES.some((path) => existsSync(path)),
  ) {
    this.#run = run
    this.#hasDriver = hasDriver
  }

  /** None where there is no driver, or nothing that answers for it; no program is started without a driver. */
  async read(): Promise<GpuReading[]> {
    if (!this.#hasDriver()) return []
    try {
      return gpusFromCsv(await this.#run(ARGUMENTS))
    } catch {
      return [] // not installed, or the driver does not answer: gauges are absent, which is what an alert looks for
    }
  }
}

/** One line per GPU, with `[N/A]` and the like for what it cannot tell. */
export function gpusFromCsv(text: string): GpuReading[] {
  return text
    .split('\n')
    .map((line) => line.split(',').map((cell) => cell.trim()))
    .filter((cells) => cells.length === COLUMNS.length)
    .map(([deviceId = '', uuid = '', ...numbers]) => {
      const [utilization, used, total, temperature, power, limit] = numbers.map(numberFrom)
      return {
        deviceId,
        uuid,
        ...given('utilizationPercent', utilization),
        ...given('memoryUsedMegabytes', used),
        ...given('memoryTotalMegabytes', total),
        ...given('temperatureCelsius', temperature),
        ...given('powerWatts', power),
        ...given('powerLimitWatts', limit),
      }
    })
}

function numberFrom(cell: string): number | undefined {
  return /^\d+(\.\d+)?$/.test(cell) ? Number(cell) : undefined
}

type Quantity = Exclude<keyof GpuReading, 'deviceId' | 'uuid'>

function given(key: Quantity, value: number | undefined): Partial<Record<Quantity, number>> {
  return value === undefined ? {} : { [key]: value }
}

async function runNvidiaSmi(args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('nvidia-smi', args, { timeout: TIMEOUT_MS })
  return stdout
}
