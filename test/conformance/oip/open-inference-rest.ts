/*
 * The REST API of the Open Inference Protocol as an OpenAPI document, written from the field tables of its
 * specification: what is required there is required here, and its objects have no other members than the protocol or
 * Triton's extensions name.
 */

type Schema = Readonly<Record<string, unknown>>

const TEXT: Schema = { type: 'string', minLength: 1 }
const FLAG: Schema = { type: 'boolean' }
const DATATYPE: Schema = {
  enum: [
    'BOOL',
    'UINT8',
    'UINT16',
    'UINT32',
    'UINT64',
    'INT8',
    'INT16',
    'INT32',
    'INT64',
    'FP16',
    'BF16',
    'FP32',
    'FP64',
    'BYTES',
  ],
}
const SIZES: Schema = { type: 'array', items: { type: 'integer', minimum: 0 } }

const list = (items: Schema): Schema => ({ type: 'array', items })
const reference = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` })

function closed(
  required: Readonly<Record<string, Schema>>,
  optional: Readonly<Record<string, Schema>> = {},
): Schema {
  return {
    type: 'object',
    properties: { ...required, ...optional },
    required: Object.keys(required),
    additionalProperties: false,
  }
}

const schemas = {
  metadata_server_response: closed({ name: TEXT, version: TEXT, extensions: list(TEXT) }),
  metadata_tensor: closed({ name: TEXT, datatype: DATATYPE, shape: list({ type: 'integer', minimum: -1 }) }),
  metadata_model_response: closed(
    {
      name: TEXT,
      platform: TEXT,
      inputs: list(reference('metadata_tensor')),
      outputs: list(reference('metadata_tensor')),
    },
    { versions: list(TEXT) },
  ),
  live_response: closed({ live: FLAG }),
  // A reason is what a person looks for; the protocol does not forbid it.
  ready_response: closed({ ready: FLAG }, { reason: TEXT }),
  model_ready_response: closed({ name: TEXT, ready: FLAG }, { reason: TEXT }),
  parameters: { type: 'object', additionalProperties: { type: ['string', 'number', 'boolean'] } },
  tensor_data: list({ anyOf: [{ type: ['number', 'string', 'boolean'] }, reference('tensor_data')] }),
  request_input: closed(
    { name: TEXT, shape: SIZES, datatype: DATATYPE },
    { parameters: reference('parameters'), data: reference('tensor_data') },
  ),
  request_output: closed({ name: TEXT }, { parameters: reference('parameters') }),
  inference_request: closed(
    { inputs: list(reference('request_input')) },
    {
      id: { type: 'string' },
      parameters: reference('parameters'),
      outputs: list(reference('request_output')),
    },
  ),
  response_output: closed(
    { name: TEXT, shape: SIZES, datatype: DATATYPE, data: reference('tensor_data') },
    { parameters: reference('parameters') },
  ),
  inference_response: closed(
    { model_name: TEXT, outputs: list(reference('response_output')) },
    { model_version: TEXT, id: { type: 'string' }, parameters: reference('parameters') },
  ),
  error_response: closed({ error: TEXT }),
} as const

type SchemaName = keyof typeof schemas

const content = (schema: SchemaName) => ({ 'application/json': { schema: reference(schema) } })

type Operation = { readonly ok: SchemaName; readonly notReady?: SchemaName; readonly path?: string }

function operation({ ok, notReady = 'error_response', path = '' }: Operation) {
  return {
    parameters: [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
      name,
      in: 'path',
      required: true,
      schema: TEXT,
    })),
    responses: {
      200: { description: 'OK', content: content(ok) },
      503: { description: 'Not ready', content: content(notReady) },
      default: { description: 'An error', content: content('error_response') },
    },
  }
}

function ofModel(model: string) {
  return {
    [model]: { get: operation({ ok: 'metadata_model_response', path: model }) },
    [`${model}/ready`]: {
      get: operation({ ok: 'model_ready_response', notReady: 'model_ready_response', path: model }),
    },
    [`${model}/infer`]: {
      post: {
        ...operation({ ok: 'inference_response', path: model }),
        requestBody: { content: content('inference_request') },
      },
    },
  }
}

export const OPEN_INFERENCE_REST = {
  openapi: '3.1.0',
  info: { title: 'Open Inference Protocol', version: '2.0.0' },
  paths: {
    '/v2': { get: operation({ ok: 'metadata_server_response' }) },
    '/v2/health/live': { get: operation({ ok: 'live_response' }) },
    '/v2/health/ready': { get: operation({ ok: 'ready_response', notReady: 'ready_response' }) },
    ...ofModel('/v2/models/{model_name}'),
    ...ofModel('/v2/models/{model_name}/versions/{model_version}'),
  },
  components: { schemas },
}
