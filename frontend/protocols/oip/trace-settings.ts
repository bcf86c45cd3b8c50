import type { RequestFinished } from '../../core/events.ts'
import { DEFAULT_KNOBS, knobChanges, type TraceKnobs } from './trace-knobs.ts'
import { traceRecord, type TraceRecord } from './trace-record.ts'

/** Takes traces. @param part counts the files where another is to begin now and then; absent: all go into one */
export type WriteTrace = (record: TraceRecord, part?: number) => void

export type TraceOptions = {
  /** Tells of requests until the returned function is called. */
  readonly watch: (listener: (request: RequestFinished) => void) => () => void
  readonly write: WriteTrace
  readonly nowMs: () => number
  /** Where traces go; the empty text is the log. */
  readonly file: string
  /** @throws ServingError `not_found` for a model that is not registered */
  readonly checkModel: (name: string) => void
}

/** The settings in the words of the protocol: texts, all of them. */
export type TraceValues = {
  readonly trace_file: string
  readonly trace_level: readonly string[]
  readonly trace_rate: string
  readonly trace_count: string
  readonly log_frequency: string
  readonly trace_mode: 'triton'
}

/** What was said for all models or for one, and how far its sampling is. */
type Scope = { said: Partial<TraceKnobs>; seen: number }

/**
 * The trace extension: where the time of sampled requests went. One for all transports.
 *
 * While no model is traced, no request is watched. A model follows the settings of all until it gets one of its own;
 * then it counts for itself.
 */
export class TraceSettings {
  readonly #options: TraceOptions
  readonly #all: Scope = { said: {}, seen: 0 }
  readonly #models = new Map<string, Scope>()
  #unwatch: (() => void) | undefined
  #traces = 0

  constructor(options: TraceOptions) {
    this.#options = options
  }

  /** @throws ServingError `not_found` */
  read(model?: string): TraceValues {
    if (model !== undefined) this.#options.checkModel(model)
    const { trace_level, trace_rate, trace_count, log_frequency } = this.#knobsOf(this.#scopeOf(model))
    return {
      trace_file: this.#options.file,
      trace_level: [trace_level],
      trace_rate: String(trace_rate),
      trace_count: String(trace_count),
      log_frequency: String(log_frequency),
      trace_mode: 'triton',
    }
  }

  /**
   * Changes the settings that are given, all of them or none; null takes back what was said before.
   *
   * @returns all settings as they are then
   * @throws ServingError `invalid_argument` | `unimplemented` | `permission_denied` | `not_found`
   */
  change(given: unknown, model?: string): TraceValues {
    if (model !== undefined) this.#options.checkModel(model)
    const changes = knobChanges(given)
    const scope = model === undefined ? this.#all : (this.#models.get(model) ?? { said: {}, seen: 0 })
    const said = Object.entries({ ...scope.said, ...changes }).filter(([, value]) => value !== null)
    scope.said = Object.fromEntries(said) // values of the knobs, without null
    if (model !== undefined) {
      if (said.length === 0) this.#models.delete(model)
      else this.#models.set(model, scope)
    }
    this.#watchIfTraced()
    return this.read(model)
  }

  close(): void {
    this.#unwatch?.()
    this.#unwatch = undefined
  }

  #scopeOf(model: string | undefined): Scope {
    return (model === undefined ? undefined : this.#models.get(model)) ?? this.#all
  }

  #knobsOf(scope: Scope): TraceKnobs {
    return { ...DEFAULT_KNOBS, ...this.#all.said, ...scope.said }
  }

  #watchIfTraced(): void {
    const isTraced = [this.#all, ...this.#models.values()].some((scope) => isOpen(this.#knobsOf(scope)))
    if (!isTraced) this.close()
    else {
      this.#unwatch ??= this.#options.watch((request) => {
        this.#sample(request)
      })
    }
  }

  #sample(request: RequestFinished): void {
    const scope = this.#scopeOf(request.model.name)
    const knobs = this.#knobsOf(scope)
    if (!isOpen(knobs)) return
    scope.seen += 1
    if (scope.seen % knobs.trace_rate !== 0) return
    const { write, nowMs } = this.#options
    const record = traceRecord(this.#traces + 1, request, nowMs())
    if (knobs.log_frequency === 0) write(record)
    else write(record, Math.floor(this.#traces / knobs.log_frequency))
    this.#traces += 1
    if (knobs.trace_count > 0) this.#countDown(scope, knobs.trace_count - 1)
  }

  /** A count that was said for all models is used up by all that follow it. */
  #countDown(scope: Scope, left: number): void {
    const owner = scope.said.trace_count === undefined ? this.#all : scope
    owner.said = { ...owner.said, trace_count: left }
    if (left === 0) this.#watchIfTraced()
  }
}

function isOpen({ trace_level, trace_count }: TraceKnobs): boolean {
  return trace_level !== 'OFF' && trace_count !== 0
}
