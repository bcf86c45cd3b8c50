import { randomUUID } from 'node:crypto'
import { shownValue } from '../../../worker/contract/shown-value.ts'
import type { Answer } from '../kernel/transport.ts'
import { badRequest } from './errors.ts'
import { bytesFromBase64 } from './nested-values.ts'

/*
 * A request may be the data of a CloudEvent, as KServe's clients and Knative's brokers send it; the answer is an
 * event of the same mode.
 *
 * - binary: the attributes are headers `ce-…`, the body is the data
 * - structured: `{"specversion": "1.0", "id": …, "source": …, "type": …, "data": {"instances": […]}}`
 *
 * @see https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
 */
export type EventMode = 'binary' | 'structured'

const STRUCTURED_TYPE = 'application/cloudevents+json'
const JSON_TYPE = 'application/json'
const REQUIRED = ['specversion', 'id', 'source', 'type'] as const
const SPEC_VERSIONS: readonly unknown[] = ['1.0', '0.3']
const ANSWER_TYPE = 'io.kserve.inference.response'
const ANSWER_SOURCE = 'io.kserve.inference'

type Headers = Readonly<Record<string, string | string[] | undefined>>

/** Undefined: the request is no event. */
export function eventModeOf(headers: Headers): EventMode | undefined {
  const type = headers['content-type']
  if (typeof type === 'string' && type.toLowerCase().startsWith(STRUCTURED_TYPE)) return 'structured'
  // Of other requests one header may well be there by accident.
  if (headers['ce-id'] === undefined) return undefined
  return REQUIRED.every((name) => headers[`ce-${name}`] !== undefined) ? 'binary' : undefined
}

/** What a structured event carries: a JSON value, or bytes of a type of their own. */
export type EventData =
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array; readonly contentType: string }

/** @param event the body as a JSON object. @throws ServingError `invalid_argument` */
export function dataOfEvent(event: Readonly<Record<string, unknown>>): EventData {
  for (const name of REQUIRED) {
    const value = event[name]
    if (typeof value === 'string' && value !== '') continue
    throw badRequest(`/${name} is ${shownValue(value)}, a CloudEvent needs a text there`)
  }
  if (!SPEC_VERSIONS.includes(event['specversion'])) {
    throw badRequest(`/specversion is ${shownValue(event['specversion'])}, expected "1.0"`)
  }
  const { data, data_base64: base64, datacontenttype: contentType } = event
  if (typeof base64 === 'string') {
    const bytes = bytesFromBase64(base64, '/data_base64')
    return { kind: 'bytes', bytes, contentType: typeof contentType === 'string' ? contentType : JSON_TYPE }
  }
  if (data !== undefined) return { kind: 'json', value: data }
  throw badRequest(`the CloudEvent has no data: /data holds the request, such as {"instances": […]}`)
}

/** An answer as an event. What went wrong is answered without. */
export function inEvent(mode: EventMode, model: string, answer: Answer): Answer {
  const attributes = {
    specversion: '1.0',
    id: randomUUID(),
    source: `${ANSWER_SOURCE}.${model}`,
    type: ANSWER_TYPE,
    time: new Date().toISOString(),
  }
  if (mode === 'binary') {
    const headers = Object.fromEntries(
      Object.entries(attributes).map(([name, value]) => [`ce-${name}`, headerText(value)]),
    )
    return { ...answer, headers: { ...answer.headers, ...headers } }
  }
  const { 'content-type': contentType = JSON_TYPE, ...headers } = answer.headers
  const members = JSON.stringify({ ...attributes, datacontenttype: contentType }).slice(0, -1)
  return {
    ...answer,
    headers: { ...headers, 'content-type': STRUCTURED_TYPE },
    body: `${members},${dataMember(answer.body, contentType)}}`,
  }
}

/** What is JSON already stays as it is. */
function dataMember(body: Answer['body'], contentType: string): string {
  const bytes = bytesOf(body)
  if (/[/+]json\b/i.test(contentType)) return `"data":${bytes.toString()}`
  if (contentType.toLowerCase().startsWith('text/')) return `"data":${JSON.stringify(bytes.toString())}`
  return `"data_base64":"${bytes.toString('base64')}"`
}

function bytesOf(body: Answer['body']): Buffer {
  if (typeof body === 'string') return Buffer.from(body)
  if (!(body instanceof Uint8Array)) return Buffer.concat(body)
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength)
}

/** The binding has characters that HTTP does not carry percent-encoded. */
function headerText(value: string): string {
  return value.replace(/[^\x21\x23\x24\x26-\x7e]/g, (character) => encodeURIComponent(character))
}
