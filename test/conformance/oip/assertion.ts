import assert from 'node:assert/strict'
import type { HttpAnswer } from '../../support/http-client.ts'
import type { OipServer } from './oip-server.ts'

/** One of the hundred assertions about the protocol and its extensions, or a part of one. */
export type Assertion = {
  /** From 1 to 100; several rows may show parts of one. */
  readonly number: number
  /** What it claims. */
  readonly it: string
} & (HttpAssertion | ScriptedAssertion)

/** A request over HTTP, and its outcome. */
export type HttpAssertion = {
  /** Absent: `GET` without a body, else `POST`. */
  readonly method?: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as JSON. */
  readonly json?: unknown
  /** Sent as it is; behind the JSON, whose length is then said, if there is any. */
  readonly bytes?: string | Uint8Array
  readonly status: number
  /** What the text of an error says. */
  readonly error?: RegExp
  /** What the answer's JSON has, member by member. */
  readonly answer?: object
  /** `data` of each output. */
  readonly data?: readonly (readonly unknown[])[]
  /** Header by name: its value, or null when it must be absent. */
  readonly answerHeaders?: Readonly<Record<string, string | null>>
}

/** What takes more than one request. */
export type ScriptedAssertion = { readonly run: (server: OipServer) => Promise<void> }

export function runAssertion(assertion: Assertion, server: () => OipServer): void {
  const { number, it: claim } = assertion
  const name = `${number}: ${claim}`
  if ('run' in assertion) it(name, () => assertion.run(server()))
  else it(name, async () => expectAnswer(await send(server(), assertion), assertion))
}

function send(
  server: OipServer,
  { method, path, headers = {}, json, bytes }: HttpAssertion,
): Promise<HttpAnswer> {
  const text = json === undefined ? undefined : Buffer.from(JSON.stringify(json))
  const isMixed = text !== undefined && bytes !== undefined
  const body = isMixed ? Buffer.concat([text, Buffer.from(bytes)]) : (text ?? bytes)
  return server.ask(path, {
    ...(method === undefined ? {} : { method }),
    ...(body === undefined ? {} : { body }),
    headers: {
      ...(isMixed ? { 'inference-header-content-length': String(text.byteLength) } : {}),
      ...headers,
    },
  })
}

function expectAnswer(answer: HttpAnswer, expected: HttpAssertion): void {
  assert.equal(answer.status, expected.status, answer.text)
  for (const [name, value] of Object.entries(expected.answerHeaders ?? {})) {
    assert.equal(answer.headers[name] ?? null, value, name)
  }
  const json = jsonOf(answer)
  if (expected.status >= 400) assert.match(String(json.error), expected.error ?? /./)
  for (const [name, value] of Object.entries(expected.answer ?? {})) assert.deepEqual(json[name], value, name)
  if (expected.data === undefined) return
  const outputs = json.outputs as { data: unknown[] }[]
  assert.deepEqual(
    outputs.map(({ data }) => data),
    expected.data,
  )
}

/** The JSON of an answer, which has bytes behind it where its header says so. */
export function jsonOf({ headers, bytes }: HttpAnswer): Record<string, unknown> {
  const length = headers['inference-header-content-length']
  const text = bytes.subarray(0, length === undefined ? undefined : Number(length)).toString()
  return JSON.parse(text) as Record<string, unknown>
}

/** What follows the JSON. */
export function tailOf({ headers, bytes }: HttpAnswer): Buffer {
  return bytes.subarray(Number(headers['inference-header-content-length']))
}
