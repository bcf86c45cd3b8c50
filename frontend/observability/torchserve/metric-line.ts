import type { MetricKind } from '../../../worker/contract/messages.ts'

export type MetricLineFacts = {
  readonly name: string
  readonly unit: string
  readonly value: number
  /** Without the host's name, which has a place of its own. */
  readonly dimensions: readonly (readonly [name: string, value: string])[]
  readonly hostname: string
  /** Since 1970. */
  readonly nowSeconds: number
  /** Of a model's metric. */
  readonly kind?: MetricKind
}

const MAX_TEXT_CHARACTERS = 256

/** `Requests2XX.Count:1|#Level:Host|#hostname:h,timestamp:t`, as TorchServe's log parsers expect it. */
export function metricLine(facts: MetricLineFacts): string {
  const { name, unit, value, dimensions, hostname, nowSeconds, kind } = facts
  const pairs = dimensions.map(([label, text]) => `${clean(label)}:${clean(text)}`).join(',')
  const type = kind === undefined ? '' : `#type:${kind.toUpperCase()}|`
  const number = Number.isInteger(value) ? `${value}.0` : String(value)
  return `${clean(name)}.${clean(unit)}:${number}|#${pairs}|${type}#hostname:${clean(hostname)},timestamp:${nowSeconds}`
}

/** Texts of handlers must not end a field or a line: what separates those becomes `_`. */
function clean(text: string): string {
  return text.slice(0, MAX_TEXT_CHARACTERS).replace(/[|,#\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, '_')
}
