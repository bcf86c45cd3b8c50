import type { MetricFamily } from './exposition/family.ts'
import { HistogramMetric, ValueMetric } from './instruments/metric.ts'

/** From a line of JSON to the largest body that is allowed. */
const BYTES_BUCKETS = [
  64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216, 67_108_864,
]
/** Sizes that wait to be observed. */
const MAX_WAITING = 1024

export type ResponseFacts = {
  readonly status: number
  readonly requestBytes: number
  readonly responseBytes: number
}

/** Responses of all HTTP listeners, whatever they answered. */
export class HttpMetrics {
  /** By the first digit of the status. */
  readonly counts = [0, 0, 0, 0, 0, 0]
  readonly #responses = new ValueMetric('counter', {
    name: 'onnxserve_http_responses_total',
    help: 'Responses on all listeners by class of their status.',
    labelNames: ['status_class'],
  })
  readonly #requestBytes = bytes('onnxserve_http_request_bytes', 'Sizes of request bodies as they arrived.')
  readonly #responseBytes = bytes('onnxserve_http_response_bytes', 'Sizes of response bodies.')
  /** Request and response sizes in turn, not in the histograms yet. */
  readonly #waiting: number[] = []

  count({ status, requestBytes, responseBytes }: ResponseFacts): void {
    const statusClass = Math.floor(status / 100)
    this.counts[statusClass] = (this.counts[statusClass] ?? 0) + 1
    this.#waiting.push(requestBytes, responseBytes)
    if (this.#waiting.length >= MAX_WAITING) this.#flush()
  }

  collect(): MetricFamily[] {
    this.#flush()
    this.counts.forEach((count, statusClass) => {
      if (count > 0) this.#responses.with(`${statusClass}xx`).set(count)
    })
    return [this.#responses, this.#requestBytes, this.#responseBytes].map((metric) => metric.collect())
  }

  #flush(): void {
    const [requests, responses] = [this.#requestBytes.with(), this.#responseBytes.with()]
    for (let i = 0; i < this.#waiting.length; i += 2) {
      requests.observe(this.#waiting[i] ?? 0)
      responses.observe(this.#waiting[i + 1] ?? 0)
    }
    this.#waiting.length = 0
  }
}

function bytes(name: string, help: string): HistogramMetric {
  return new HistogramMetric(BYTES_BUCKETS, { name, help, labelNames: [] })
}
