import type { EventBus } from './core/events.ts'
import { metricsEndpoint } from './observability/endpoint.ts'
import type { ResponseFacts } from './observability/http-metrics.ts'
import { Metrics } from './observability/metrics.ts'
import { processMetrics } from './observability/process-metrics.ts'
import type { VersionReading } from './observability/version-gauges.ts'
import type { RenderMetrics } from './protocols/torchserve/metrics.ts'

export type MetricsParts = {
  readonly events: EventBus
  readonly readVersions: () => readonly VersionReading[]
}

export type ComposedMetrics = {
  readonly countResponse: (facts: ResponseFacts) => void
  readonly render: RenderMetrics
}

/** Everything that measures the server, and the endpoint that shows it. */
export function composeMetrics(parts: MetricsParts): ComposedMetrics {
  const metrics = new Metrics(parts)
  return {
    countResponse: (facts) => {
      metrics.countResponse(facts)
    },
    render: metricsEndpoint({ sources: [() => metrics.collect(), processMetrics()] }),
  }
}
