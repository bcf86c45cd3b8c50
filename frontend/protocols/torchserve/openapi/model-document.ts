import type { VersionMetadata } from '../../../core/data-plane.ts'
import {
  contentOf,
  documentOf,
  responsesOf,
  type OpenApiDocument,
  type Operation,
} from '../../kernel/openapi/document.ts'
import { ENVELOPES } from './envelopes.ts'
import { SCHEMAS } from './schemas.ts'
import {
  ANYTHING,
  BYTES,
  exampleOfTensors,
  schemaOfTensors,
  type JsonSchema,
} from '../../kernel/openapi/json-schema.ts'
import type { ContentDoc } from '../../kernel/openapi/route-doc.ts'

const JSON_TYPE = 'application/json'

export type ModelDocumentOptions = {
  /** What the path of a prediction begins with. */
  readonly predictions: '/predictions' | '/prediction'
  /** Whether KServe's route takes the same bodies. */
  readonly hasV1: boolean
  /** Undefined while no worker has loaded the model: what it takes is not known then. */
  readonly metadata: VersionMetadata | undefined
}

type Bodies = { readonly request: ContentDoc; readonly answer: ContentDoc; readonly example?: unknown }

/** What a model's clients may send and get, from its graph's inputs and outputs or its handler's own schemas. */
export function modelDocument(
  name: string,
  { predictions, hasV1, metadata }: ModelDocumentOptions,
): OpenApiDocument {
  const bodies = metadata === undefined ? ANY_BODIES : bodiesOf(metadata)
  const path = encodeURIComponent(name)
  const post = (operationId: string, summary: string) => ({ post: operationOf(bodies, operationId, summary) })
  const version = metadata?.model.version
  const versioned =
    version === undefined ? undefined : `${predictions}/${path}/${encodeURIComponent(version)}`
  return documentOf(
    {
      title: `RESTful API for: ${name}`,
      version: version ?? '1.0.0',
      ...(metadata === undefined
        ? { description: 'No worker has loaded the model: its bodies are not known.' }
        : {}),
    },
    {
      [`${predictions}/${path}`]: post(name, `Predict with ${name}.`),
      ...(versioned === undefined
        ? {}
        : { [versioned]: post(`version_${name}`, `Predict with this version.`) }),
      ...(hasV1
        ? { [`/v1/models/${path}:predict`]: post(`${name}_v1`, `Predict with ${name}, as KServe calls it.`) }
        : {}),
    },
    SCHEMAS,
  )
}

function operationOf(bodies: Bodies, operationId: string, summary: string): Operation {
  const content = contentOf(bodies.request)
  const json = content[JSON_TYPE]
  const withExample = { ...content, [JSON_TYPE]: { ...json, example: bodies.example } } as typeof content // json is there
  return {
    operationId,
    summary,
    requestBody: { content: json === undefined || bodies.example === undefined ? content : withExample },
    responses: responsesOf({ 200: { description: 'The answer of the model.', content: bodies.answer } }),
  }
}

const ANY_BODIES: Bodies = { request: { '*/*': ANYTHING }, answer: { '*/*': ANYTHING } }

const IMAGE_REQUEST: ContentDoc = {
  'image/jpeg': BYTES,
  'image/png': BYTES,
  'image/webp': BYTES,
  'multipart/form-data': { type: 'object', properties: { data: BYTES } },
}
const PROBABILITIES: JsonSchema = {
  type: 'object',
  description: 'Probabilities by label, the likeliest first.',
  additionalProperties: { type: 'number' },
}
const TEXTS: JsonSchema = { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] }

const BUILT_IN_BODIES: Readonly<Record<string, Bodies>> = {
  image_classifier: { request: IMAGE_REQUEST, answer: { [JSON_TYPE]: PROBABILITIES } },
  object_detector: {
    request: IMAGE_REQUEST,
    answer: { [JSON_TYPE]: { type: 'array', items: { type: 'object' } } },
  },
  image_segmenter: { request: IMAGE_REQUEST, answer: { '*/*': ANYTHING } },
  text_classifier: {
    request: { 'text/plain': { type: 'string' }, [JSON_TYPE]: TEXTS },
    answer: { [JSON_TYPE]: { anyOf: [PROBABILITIES, { type: 'array', items: PROBABILITIES }] } },
  },
}

function bodiesOf(metadata: VersionMetadata): Bodies {
  const envelope = ENVELOPES[metadata.envelope]
  if (envelope !== undefined) {
    return { request: { [JSON_TYPE]: envelope.request }, answer: { [JSON_TYPE]: envelope.answer } }
  }
  if (metadata.handler === 'tensor') return tensorBodies(metadata)
  return declaredBodies(metadata) ?? BUILT_IN_BODIES[metadata.handler] ?? ANY_BODIES
}

/** As the built-in handler reads them: all inputs by name, and an only input also without its name. */
function tensorBodies({ inputs, outputs }: VersionMetadata): Bodies {
  const request = schemaOfTensors(inputs)
  const [only, ...others] = inputs
  const isSingle = only !== undefined && others.length === 0
  const rows: JsonSchema = { type: 'array', description: `The rows of ${only?.name ?? ''}, or a single row.` }
  const fields: JsonSchema = {
    type: 'object',
    description: 'Each input as JSON text.',
    properties: Object.fromEntries(inputs.map(({ name }) => [name, { type: 'string' }])),
    required: inputs.map(({ name }) => name),
  }
  return {
    request: {
      [JSON_TYPE]: isSingle && only.shape.length > 0 ? { anyOf: [request, rows] } : request,
      'application/x-www-form-urlencoded': fields,
      'multipart/form-data': fields,
    },
    answer: { [JSON_TYPE]: schemaOfTensors(outputs) },
    example: exampleOfTensors(inputs),
  }
}

function declaredBodies({ schemas }: VersionMetadata): Bodies | undefined {
  if (schemas === undefined) return undefined
  return {
    request: { [JSON_TYPE]: schemas.request ?? ANYTHING },
    answer: { [JSON_TYPE]: schemas.response ?? ANYTHING },
  }
}
