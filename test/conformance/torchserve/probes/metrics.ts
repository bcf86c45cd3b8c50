import { quirksOf, type Compatibility } from '../../../../frontend/protocols/torchserve/quirks.ts'
import { MetricsFixture } from '../../../support/metrics-fixture.ts'

export const metricsProbes = {
  metricsText: {
    /** The content type, and one counter, of a scrape that would rather have OpenMetrics. */
    observe: async (compatibility: Compatibility): Promise<unknown> => {
      const fixture = new MetricsFixture({}, quirksOf(compatibility))
      fixture.composed.countResponse({ status: 200, requestBytes: 1, responseBytes: 1 })
      const accept = 'application/openmetrics-text, text/plain;q=0.5'
      const { contentType, body } = await fixture.composed.render({ names: ['Requests2XX'], accept })
      await fixture.close()
      return [
        contentType.split(';')[0],
        String(body)
          .replaceAll(/Hostname="[^"]*"/g, 'Hostname="h"')
          .split('\n'),
      ]
    },
    strict: [
      'application/openmetrics-text',
      [
        "# HELP Requests2XX TorchServe's name, kept for its dashboards; in count.",
        '# TYPE Requests2XX unknown',
        'Requests2XX{Level="Host",Hostname="h"} 1',
        '# EOF',
        '',
      ],
    ],
    torchserve: [
      'text/plain',
      [
        '# HELP Requests2XX counter with unit Count',
        '# TYPE Requests2XX counter',
        'Requests2XX{Level="Host",Hostname="h",} 1.0',
        '',
      ],
    ],
  },
}
