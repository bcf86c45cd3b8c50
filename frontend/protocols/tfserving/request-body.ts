import type { RequestPart, RequestPayload } from '../../../worker/contract/messages.ts'
import type { Tensor } from '../../../worker/contract/tensor.ts'
import type { AdmittedRequest, VersionMetadata } from '../../core/data-plane.ts'
import type { RequestContext } from '../kernel/transport.ts'
import { predictionsToJson } from './answers.ts'
import { dataOfEvent, eventModeOf } from './cloud-events.ts'
import { objectFrom, predictRequestFrom } from './codec.ts'
import { badRequest } from './errors.ts'
import { examplesRequestFrom } from './examples.ts'
import type { PredictionOptions, Verb } from './options.ts'

/** A request, ready to be run. */
export type ReadRequest = {
  readonly payload: RequestPayload
  /** Makes the answer of tensors; absent: the answer is the handler's own. */
  readonly render?: (tensors: readonly Tensor[]) => string
}

export type Reading = { readonly admitted: AdmittedRequest; readonly verb: Verb }

type Members = Readonly<Record<string, unknown>>

/** What is asked, out of an event if it came in one. */
type Body = {
  readonly members: Members
  /** Of which `members` were made. */
  readonly text?: string
}

/**
 * Reads the body of a request, and makes tensors of it, unless the model's handler decodes bodies itself.
 *
 * @throws ServingError `invalid_argument` | `failed_precondition` | `resource_exhausted` | `cancelled`
 */
export async function readRequest(
  options: PredictionOptions,
  ctx: RequestContext,
  { admitted, verb }: Reading,
): Promise<ReadRequest> {
  const { maxRequestBytes } = admitted
  const metadata = options.dataPlane.metadata(admitted.model)
  const isHandlers = verb === 'explain' || (verb === 'predict' && !metadata.handlesTensors)
  if (!isHandlers) {
    const bytes = await options.transport.readBody(ctx, maxRequestBytes)
    return tensorRequest(options, bodyOf(ctx, bytes), { metadata, verb, maxBytes: maxRequestBytes })
  }
  const payload = await options.handlers.read(ctx, maxRequestBytes)
  const part = onlyPart(payload)
  if (part !== undefined && verb === 'predict' && meansTensors(metadata, part.bytes)) {
    return tensorRequest(options, bodyOf(ctx, part.bytes), { metadata, verb, maxBytes: maxRequestBytes })
  }
  return { payload: part === undefined ? payload : { kind: 'parts', parts: [dataPart(ctx, part)] } }
}

type Wanted = { readonly metadata: VersionMetadata; readonly verb: Verb; readonly maxBytes: number }

function tensorRequest(
  { nonFinite }: PredictionOptions,
  { members, text }: Body,
  { metadata, verb, maxBytes }: Wanted,
): ReadRequest {
  if (verb === 'classify' || verb === 'regress')
    return examplesRequestFrom(members, { metadata, verb, maxBytes, answers: { nonFinite } })
  const request = predictRequestFrom(members, metadata, text)
  return { payload: request.payload, render: (tensors) => predictionsToJson(request, tensors, { nonFinite }) }
}

function bodyOf(ctx: RequestContext, bytes: Uint8Array): Body {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()
  const members = objectFrom(text)
  if (eventModeOf(ctx.req.headers) !== 'structured') return { members, text }
  const data = dataOfEvent(members)
  if (data.kind === 'bytes') {
    const inner = Buffer.from(data.bytes).toString()
    return { members: objectFrom(inner), text: inner }
  }
  if (isMembers(data.value)) return { members: data.value }
  throw badRequest(`/data is no JSON object, expected one such as {"instances": […]}`)
}

function onlyPart(payload: RequestPayload): RequestPart | undefined {
  if (payload.kind !== 'parts') return undefined
  const [part, ...others] = payload.parts
  return part?.name === 'body' && others.length === 0 ? part : undefined
}

/** For a handler, what a structured event carries; another body as it came. */
function dataPart(ctx: RequestContext, part: RequestPart): RequestPart {
  if (eventModeOf(ctx.req.headers) !== 'structured') return part
  const event = jsonOf(part.bytes)
  if (!isMembers(event)) throw badRequest(`the request body is no CloudEvent: expected a JSON object`)
  const data = dataOfEvent(event)
  return data.kind === 'bytes'
    ? { ...part, bytes: data.bytes, contentType: data.contentType }
    : { ...part, bytes: Buffer.from(jsonText(data.value)), contentType: 'application/json' }
}

/**
 * Whether a body speaks of the graph's tensors though a handler stands before them: it names a signature, or it has
 * columns. Rows are a handler's, as KServe has it.
 */
function meansTensors({ inputs }: VersionMetadata, bytes: Uint8Array): boolean {
  if (inputs.length === 0) return false
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (!text.includes('"signature_name"') && !text.includes('"inputs"')) return false
  const value = jsonOf(text)
  if (!isMembers(value)) return false
  const body = isMembers(value['data']) && 'specversion' in value ? value['data'] : value
  return 'signature_name' in body || ('inputs' in body && !('instances' in body))
}

function jsonText(value: unknown): string {
  try {
    return JSON.stringify(value)
  } catch {
    // What can be read may be nested deeper than can be written.
    throw badRequest('/data is nested too deep')
  }
}

/** Undefined for what is no JSON. */
function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString())
  } catch {
    return undefined // what it is, its handler says
  }
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
