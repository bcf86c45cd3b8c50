import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mean } from './mean.ts'

const INTERVAL_MS = 200
const QUERY = ['--query-gpu=utilization.gpu', '--format=csv,noheader,nounits', '--id=0']

/** Whether NVIDIA's driver answers here. */
export function hasNvidiaGpu(): boolean {
  return existsSync('/dev/nvidiactl') && usedMegabytes() !== undefined
}

/** Memory of device 0 in use; undefined where nvidia-smi does not say. */
export function usedMegabytes(): number | undefined {
  return numberFrom(nvidiaSmi(['--query-gpu=memory.used', '--format=csv,noheader,nounits', '--id=0']))
}

/** `NVIDIA H100 80GB HBM3, driver 550.54.15` */
export function deviceName(): string | undefined {
  const text = nvidiaSmi(['--query-gpu=name,driver_version', '--format=csv,noheader', '--id=0'])?.trim()
  return text?.replace(/, (?=[\d.]+$)/, ', driver ')
}

/** Samples how busy device 0 is, by nvidia-smi in a process of its own. */
export class BusySamples {
  readonly #child: ChildProcess | undefined
  #text = ''

  constructor() {
    if (!existsSync('/dev/nvidiactl')) return
    this.#child = spawn('nvidia-smi', [...QUERY, `--loop-ms=${INTERVAL_MS}`], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    this.#child.on('error', () => undefined) // no such program: no samples
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.#text += text))
  }

  /** The mean of the samples, in percent; undefined where there are none. */
  async stop(): Promise<number | undefined> {
    if (this.#child?.pid === undefined) return undefined
    const exited = once(this.#child, 'exit')
    this.#child.kill()
    await exited
    return busyPercentOf(this.#text)
  }
}

export function busyPercentOf(lines: string): number | undefined {
  const numbers = lines.split('\n').flatMap((line) => numberFrom(line) ?? [])
  return numbers.length === 0 ? undefined : mean(numbers)
}

function nvidiaSmi(args: readonly string[]): string | undefined {
  try {
    return execFileSync('nvidia-smi', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  } catch {
    return undefined // no such program, or no driver
  }
}

function numberFrom(text: string | undefined): number | undefined {
  const trimmed = text?.trim() ?? ''
  return /^\d+(\.\d+)?$/.test(trimmed) ? Number(trimmed) : undefined
}
