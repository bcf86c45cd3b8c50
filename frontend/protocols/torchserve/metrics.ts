import { ANYTHING } from '../kernel/openapi/json-schema.ts'
import { text } from './parameters.ts'
import type { Call, Route } from '../kernel/route-table.ts'

/** What a scrape asks for; what answers it, in which format, is the composition root's business. */
export type RenderMetrics = (scrape: {
  readonly names: readonly string[]
  readonly accept: string | undefined
}) => Promise<{ readonly contentType: string; readonly body: string | Uint8Array }>

/** `GET /metrics[?name[]=a&name[]=b]`. Other parameters are ignored: scrapers may be configured to send some. */
export function metricsRoute(render: RenderMetrics): Route {
  const answer = async ({ ctx, query }: Call) => {
    const names = new URLSearchParams(query).getAll('name[]')
    const { contentType, body } = await render({ names, accept: ctx.req.headers.accept })
    // The origin too: where origins are allowed, the answer depends on it, and this replaces what said so.
    return { status: 200, headers: { 'content-type': contentType, vary: 'accept, origin' }, body }
  }
  return {
    method: 'GET',
    path: '/metrics',
    doc: {
      operationId: 'metrics',
      summary: 'Read the metrics.',
      query: { 'name[]': text },
      answers: {
        200: { description: 'In the format that `Accept` asks for.', content: { 'text/plain': ANYTHING } },
      },
    },
    answer,
  }
}
