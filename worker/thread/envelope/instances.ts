import type { BatchResponse, RequestPart, ServiceEnvelope } from '../../contract/messages.ts'
import type { HandlerRequest } from '../../handler.ts'
import { badEnvelope, type Envelope, type InnerRequest, type OpenedRequest } from './envelope.ts'
import { headOf, jsonFromAnswer } from './render.ts'

/** Each costs some kilobytes of a worker's heap, and in the body perhaps two bytes. */
const MAX_INSTANCES = 65_536

/**
 * KServe's V1 convention: `{"instances": […]}` in, `{"predictions": […]}` out, or `{"explanations": […]}`. Every
 * instance is a request of its own; `{"b64": "…"}` in it, or as a member of it, stands for bytes.
 */
export class InstancesEnvelope implements Envelope {
  readonly #kind: 'json' | 'kserve'

  constructor(kind: 'json' | 'kserve') {
    this.#kind = kind
  }

  open(request: HandlerRequest): OpenedRequest {
    const body = request.json()
    const instances: unknown = isRecord(body) ? body['instances'] : undefined
    if (!Array.isArray(instances))
      throw badEnvelope(this.#kind, `has no list 'instances', expected {"instances": […]}`)
    if (instances.length > MAX_INSTANCES) {
      const problem = `has ${instances.length} instances, allowed are ${MAX_INSTANCES}: send them in several requests`
      throw badEnvelope(this.#kind, problem)
    }
    const key = request.operation === 'explain' ? 'explanations' : 'predictions'
    return {
      inner: instances.map((instance) => innerRequest(this.#kind, instance)),
      seal: (answers) => sealed(key, answers),
    }
  }
}

function sealed(key: string, answers: readonly BatchResponse[]): BatchResponse {
  const text = `{"${key}":[${answers.map(({ payload }) => jsonFromAnswer(payload)).join(',')}]}`
  return {
    ...headOf(answers),
    payload: { kind: 'bytes', contentType: 'application/json', bytes: Buffer.from(text) },
  }
}

function innerRequest(kind: ServiceEnvelope, instance: unknown): InnerRequest {
  const value = withBytes(instance)
  try {
    return { payload: { kind: 'parts', parts: [partOf(value, instance)] }, record: { value } }
  } catch (error) {
    // What can be parsed cannot always be written again: the one needs no stack.
    if (error instanceof RangeError) throw badEnvelope(kind, 'has an instance that is nested too deeply')
    throw error
  }
}

/** What an instance wraps as `data` or `body` alone is the body itself, as in a form. */
function partOf(value: unknown, instance: unknown): RequestPart {
  const only =
    isRecord(value) && Object.keys(value).length === 1 ? (value['data'] ?? value['body']) : undefined
  const inside = only ?? value
  if (inside instanceof Uint8Array) return { name: 'body', bytes: inside }
  if (typeof inside === 'string') {
    return { name: 'body', contentType: 'text/plain; charset=utf-8', bytes: Buffer.from(inside) }
  }
  const json = JSON.stringify(only === undefined ? instance : inside)
  return { name: 'body', contentType: 'application/json', bytes: Buffer.from(json) }
}

function withBytes(instance: unknown): unknown {
  const bytes = bytesOf(instance)
  if (bytes !== undefined) return bytes
  if (!isRecord(instance)) return instance
  return Object.fromEntries(Object.entries(instance).map(([name, value]) => [name, bytesOf(value) ?? value]))
}

function bytesOf(value: unknown): Buffer | undefined {
  if (!isRecord(value) || Object.keys(value).length !== 1) return undefined
  const { b64 } = value
  return typeof b64 === 'string' ? Buffer.from(b64, 'base64') : undefined
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value)
}
