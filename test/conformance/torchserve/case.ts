import assert from 'node:assert/strict'
import { http, type HttpAnswer } from '../../support/http-client.ts'
import type { Compatibility } from '../../../frontend/protocols/torchserve/quirks.ts'
import type { ConformanceServer } from './conformance-server.ts'

export type ListenerName = 'inference' | 'management' | 'metrics'

/** What an answer must be. Everything that is absent is not looked at. */
export type Expected = {
  readonly status: number
  /** `type` of an error body, whose `code` must equal the status. */
  readonly error?: string
  /** The text of the body must match each of them. */
  readonly body?: RegExp | readonly RegExp[]
  /** The body as JSON must equal it. */
  readonly json?: unknown
  /** Header by name: what it must match, or null when it must be absent. */
  readonly headers?: Readonly<Record<string, RegExp | null>>
}

/** One row of the reference: a request and its outcome, in the mode of each server. */
export type Case = {
  /** Its section of the reference, and what it claims. */
  readonly it: string
  readonly listener: ListenerName
  readonly method?: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  readonly strict: Expected
  /** Where the exact quirk differs; absent: the same. */
  readonly torchserve?: Expected
}

/** Runs the rows in their order, each as a test: later rows see what earlier ones changed. */
export function runCases(
  cases: readonly Case[],
  compatibility: Compatibility,
  server: () => ConformanceServer,
): void {
  for (const c of cases) {
    const expected = compatibility === 'torchserve' ? (c.torchserve ?? c.strict) : c.strict
    it(`${c.it}: ${c.method ?? (c.body === undefined ? 'GET' : 'POST')} ${c.path} → ${expected.status}`, async () => {
      const { listener, path, method, headers = {}, body } = c
      const answer = await http(server()[listener] + path, {
        ...(method === undefined ? {} : { method }),
        ...(body === undefined ? {} : { body }),
        headers,
      })
      expectAnswer(answer, expected)
    })
  }
}

export function expectAnswer(answer: HttpAnswer, expected: Expected): void {
  assert.equal(answer.status, expected.status, answer.text)
  for (const pattern of [expected.body ?? []].flat()) assert.match(answer.text, pattern)
  if ('json' in expected) assert.deepEqual(JSON.parse(answer.text), expected.json)
  if (expected.error !== undefined) expectError(answer, expected.error)
  for (const [name, pattern] of Object.entries(expected.headers ?? {})) {
    const value = answer.headers[name]
    if (pattern === null) assert.equal(value, undefined, `${name}: ${String(value)}`)
    else assert.match(String(value), pattern, name)
  }
}

/** §2: three members, the code equal to the status. */
function expectError({ status, text, headers }: HttpAnswer, type: string): void {
  const error = JSON.parse(text) as { code: number; type: string; message: string }
  assert.deepEqual(Object.keys(error), ['code', 'type', 'message'])
  assert.deepEqual([error.code, error.type], [status, type])
  assert.ok(error.message.length > 0)
  assert.match(headers['content-type'] ?? '', /^application\/json/)
}
