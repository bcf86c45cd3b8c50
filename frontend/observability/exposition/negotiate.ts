import type { MetricFamily } from './family.ts'
import { protobufFamilies } from './protobuf-format.ts'
import { openMetricsText, prometheusText, type TextQuirks } from './text-format.ts'

export type Exposition = { readonly contentType: string; readonly body: string | Uint8Array }

type Format = {
  readonly contentType: string
  readonly write: (families: readonly MetricFamily[]) => string | Uint8Array
}

const TEXT: Format = { contentType: 'text/plain; version=0.0.4; charset=utf-8', write: prometheusText }
const OPEN_METRICS: Format = {
  contentType: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
  write: openMetricsText,
}
const PROTOBUF: Format = {
  contentType: 'application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited',
  write: protobufFamilies,
}

/**
 * The metrics in the format that the caller likes best of those that exist; text 0.0.4 when it names none.
 *
 * @param accept the request's `Accept`
 */
export function expose(families: readonly MetricFamily[], accept: string | undefined): Exposition {
  const { contentType, write } = formatFor(accept)
  return { contentType, body: write(families) }
}

/** As TorchServe does: always text 0.0.4, with its oddities. */
export function exposeWithQuirks(families: readonly MetricFamily[], quirks: TextQuirks): Exposition {
  return { contentType: TEXT.contentType, body: prometheusText(families, quirks) }
}

function formatFor(accept = ''): Format {
  let best: { format: Format; quality: number } | undefined
  for (const range of accept.split(',')) {
    const { type, parameters } = mediaRange(range)
    const format = formatOf(type, parameters)
    const quality = Number(parameters.get('q') ?? 1)
    // The first of equals wins: callers list what they prefer first.
    if (format !== undefined && quality > (best?.quality ?? 0)) best = { format, quality }
  }
  return best?.format ?? TEXT
}

function mediaRange(text: string): { type: string; parameters: ReadonlyMap<string, string> } {
  const [type = '', ...rest] = text.split(';').map((part) => part.trim())
  const parameters = rest.map((part): [string, string] => {
    const equals = part.indexOf('=')
    return [
      part.slice(0, equals).trim().toLowerCase(),
      part
        .slice(equals + 1)
        .trim()
        .replace(/^"|"$/g, ''),
    ]
  })
  return { type: type.toLowerCase(), parameters: new Map(parameters) }
}

function formatOf(type: string, parameters: ReadonlyMap<string, string>): Format | undefined {
  switch (type) {
    case 'application/vnd.google.protobuf': {
      const isKnown = (parameters.get('encoding') ?? 'delimited') === 'delimited'
      const message = parameters.get('proto') ?? 'io.prometheus.client.MetricFamily'
      return isKnown && message === 'io.prometheus.client.MetricFamily' ? PROTOBUF : undefined
    }
    case 'application/openmetrics-text':
      return ['1.0.0', undefined].includes(parameters.get('version')) ? OPEN_METRICS : undefined
    case 'text/plain':
      return ['0.0.4', undefined].includes(parameters.get('version')) ? TEXT : undefined
    case 'text/*':
    case '*/*':
      return TEXT
    default:
      return undefined
  }
}
