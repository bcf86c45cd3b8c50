import type { Answer } from '../kernel/transport.ts'

/** JSON for programs: on one line, its type without parameters, as KServe's client compares it. */
export function compactJson(status: number, value: unknown): Answer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) }
}
