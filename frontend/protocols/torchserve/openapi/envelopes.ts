import type { ServiceEnvelope } from '../../../core/data-plane.ts'
import { DATA_TYPES } from '../../../../worker/contract/data-type.ts'
import { ANYTHING, type JsonSchema } from '../../kernel/openapi/json-schema.ts'

export type EnvelopeSchemas = { readonly request: JsonSchema; readonly answer: JsonSchema }

const text: JsonSchema = { type: 'string' }
const tensors: JsonSchema = {
  type: 'array',
  items: {
    type: 'object',
    properties: {
      name: text,
      shape: { type: 'array', items: { type: 'integer' } },
      datatype: { type: 'string', enum: DATA_TYPES },
      data: { type: 'array' },
    },
    required: ['name', 'shape', 'datatype', 'data'],
  },
}

function listIn(name: string): JsonSchema {
  return { type: 'object', properties: { [name]: { type: 'array', items: ANYTHING } }, required: [name] }
}

const INSTANCES: EnvelopeSchemas = { request: listIn('instances'), answer: listIn('predictions') }

/** What goes around a model's own body; undefined where nothing does. */
export const ENVELOPES: Readonly<Record<ServiceEnvelope, EnvelopeSchemas | undefined>> = {
  none: undefined,
  body: undefined,
  json: INSTANCES,
  kserve: INSTANCES,
  kservev2: {
    request: { type: 'object', properties: { id: text, inputs: tensors }, required: ['inputs'] },
    answer: {
      type: 'object',
      properties: { id: text, model_name: text, model_version: text, outputs: tensors },
      required: ['outputs'],
    },
  },
}
