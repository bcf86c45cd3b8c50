import { formatModelId } from '../../../worker/contract/model-id.ts'
import type { EventBus } from '../../core/events.ts'
import type { MetricFamily } from '../exposition/family.ts'
import type { Metrics } from '../metrics.ts'
import type { SystemReading } from '../system/system-reading.ts'
import type { VersionReading } from '../version-gauges.ts'
import { TS_METRICS, TS_NAMES, type TsMetric, type TsName } from './ts-metrics.ts'
import { readTsMetrics, workerName, type LoadTime } from './ts-reading.ts'

/** TorchServe's metrics as they are to be shown: those that a definition file names, or all of them. */
export type TsDefinitions = Readonly<Partial<Record<TsName, TsMetric>>>

export type TsSourceOptions = {
  readonly events: EventBus
  readonly metrics: Metrics
  readonly hostname: string
  readonly definitions?: TsDefinitions
  readonly readSystem: () => SystemReading | undefined
}

/** Our measurements under TorchServe's names. */
export class TsSource {
  readonly #options: TsSourceOptions
  /** By worker process and thread. */
  readonly #loadTimes = new Map<string, LoadTime & { readonly model: string; readonly pid: number }>()

  constructor(options: TsSourceOptions) {
    this.#options = options
    options.events.on('workerReady', ({ model, pid, threadId, loadMs }) => {
      const name = workerName(model, pid, threadId)
      this.#loadTimes.set(name, { workerName: name, loadMs, model: formatModelId(model), pid })
    })
    options.events.on('versionRemoved', ({ model }) => {
      this.#forget((loaded) => loaded.model === formatModelId(model))
    })
  }

  /**
   * @param versions all that are registered, as they stand
   * @param names those wanted; absent: all that the definitions name
   */
  collect(versions: readonly VersionReading[], names: readonly TsName[] = TS_NAMES): MetricFamily[] {
    const { metrics, hostname, definitions = TS_METRICS, readSystem } = this.#options
    const living = new Set(versions.flatMap(({ workers }) => workers.map(({ pid }) => pid)))
    this.#forget(({ pid }) => !living.has(pid))
    const loadTimes = [...this.#loadTimes.values()]
    const reading = readTsMetrics({ hostname, metrics, loadTimes, system: readSystem() })
    return names.flatMap((name) => {
      const definition = definitions[name]
      const rows = reading[name] ?? []
      return definition === undefined || rows.length === 0 ? [] : [familyOf(name, definition, rows)]
    })
  }

  #forget(isGone: (loaded: { readonly model: string; readonly pid: number }) => boolean): void {
    for (const [name, loaded] of this.#loadTimes) if (isGone(loaded)) this.#loadTimes.delete(name)
  }
}

function familyOf(
  name: TsName,
  { unit, dimensions }: TsMetric,
  rows: readonly { readonly values: readonly string[]; readonly value: number }[],
): MetricFamily {
  const { kind } = TS_METRICS[name]
  const points = rows.map(({ values, value }) => ({
    labels: dimensions.map((dimension, i): [string, string] => [dimension, values[i] ?? '']),
    value,
  }))
  return {
    name,
    help: `TorchServe's name, kept for its dashboards; in ${unit.toLowerCase()}.`,
    unit,
    kind,
    points,
  }
}
