import { messageOf } from '../contract/errors.ts'
import { METRIC_KINDS, type MetricSample } from '../contract/messages.ts'
import type { HandlerLogger } from '../handler.ts'

/** Samples between two flushes, as a rule those of one batch. */
const MAX_SAMPLES = 1000
const MAX_NAME_CHARACTERS = 256
const MAX_DIMENSIONS = 16

export type MetricBufferOptions = {
  readonly log: HandlerLogger
  /** Takes what was collected, soon after the first sample of it. */
  readonly send: (samples: readonly MetricSample[]) => void
}

/** What a handler has observed and the frontend does not know yet. */
export class MetricBuffer {
  readonly #options: MetricBufferOptions
  #samples: MetricSample[] = []
  #dropped = 0
  #hasSent = false
  /** Names of which the log has complained: one line each is enough. */
  readonly #refused = new Set<string>()

  constructor(options: MetricBufferOptions) {
    this.#options = options
  }

  add(sample: MetricSample): void {
    const problem = problemOf(sample)
    if (problem !== undefined) {
      this.#refuse(String(sample.name), problem)
      return
    }
    if (this.#samples.length >= MAX_SAMPLES) {
      this.#dropped++
      return
    }
    // A timer of the handler may observe between two batches: nobody else would send that.
    if (this.#samples.length === 0)
      setImmediate(() => {
        this.#flush()
      })
    this.#samples.push({ ...sample, dimensions: texts(sample.dimensions) })
  }

  /** Sends what is left. @returns whether anything was sent since the last call, by itself or now */
  takeSent(): boolean {
    this.#flush()
    const hasSent = this.#hasSent
    this.#hasSent = false
    return hasSent
  }

  #flush(): void {
    if (this.#dropped > 0) {
      const message = `${this.#dropped} samples of the handler's metrics were dropped: more than ${MAX_SAMPLES} at once`
      this.#options.log.warn(message)
      this.#dropped = 0
    }
    if (this.#samples.length === 0) return
    const samples = this.#samples
    this.#samples = []
    try {
      this.#options.send(samples)
      this.#hasSent = true
    } catch (error) {
      // The way to the frontend is stuck. Neither a request nor the thread may end for want of a metric.
      const message = `${samples.length} samples of the handler's metrics were dropped`
      this.#options.log.warn(message, { error: messageOf(error) })
    }
  }

  #refuse(name: string, problem: string): void {
    if (this.#refused.has(name) || this.#refused.size >= MAX_SAMPLES) return
    this.#refused.add(name)
    this.#options.log.warn(
      `the handler's metric '${name.slice(0, MAX_NAME_CHARACTERS)}' is dropped: ${problem}`,
    )
  }
}

/** Handlers are not always compiled against the types. */
function problemOf({ name, value, kind, unit, dimensions }: MetricSample): string | undefined {
  if (typeof name !== 'string' || name === '' || name.length > MAX_NAME_CHARACTERS) {
    return `its name must have 1 to ${MAX_NAME_CHARACTERS} characters`
  }
  if (!METRIC_KINDS.includes(kind)) {
    return `its type is ${JSON.stringify(kind)}, expected one of ${METRIC_KINDS.join(', ')}`
  }
  if (typeof unit !== 'string' || unit.length > MAX_NAME_CHARACTERS) {
    return `its unit must be a text of at most ${MAX_NAME_CHARACTERS} characters`
  }
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    return `its value is ${String(value)}, expected a finite number`
  }
  if (kind === 'counter' && value < 0) return `a counter only grows, it cannot add ${value}; use a gauge`
  const count = Object.keys(dimensions).length
  return count > MAX_DIMENSIONS ? `it has ${count} dimensions, allowed are ${MAX_DIMENSIONS}` : undefined
}

const MAX_VALUE_CHARACTERS = 256

function texts(dimensions: MetricSample['dimensions']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(dimensions).map(([name, value]) => [name, String(value).slice(0, MAX_VALUE_CHARACTERS)]),
  )
}
