import { ANYTHING, type JsonSchema } from '../kernel/openapi/json-schema.ts'
import { component, jsonDoc, type RouteDoc } from '../kernel/openapi/route-doc.ts'

const TEXT: JsonSchema = { type: 'string' }
const SIGNATURE: JsonSchema = { type: 'string', description: 'Which signature; without it, serving_default.' }
const LIST: JsonSchema = { type: 'array', items: ANYTHING }

/** Schemas of the dialect; its paths are also those of KServe's protocol V1. */
export const SCHEMAS = {
  TfsError: { type: 'object', properties: { error: TEXT }, required: ['error'] },
  TfsPredictRequest: {
    type: 'object',
    description:
      'Rows in `instances`, or whole tensors in `inputs`; with a single input its name may be left out.',
    properties: { signature_name: SIGNATURE, instances: LIST, inputs: ANYTHING },
  },
  TfsPredictResponse: {
    type: 'object',
    description: 'Rows in `predictions`, or whole tensors in `outputs`, as the request has them.',
    properties: { predictions: LIST, outputs: ANYTHING },
  },
  TfsExamplesRequest: {
    type: 'object',
    properties: {
      signature_name: SIGNATURE,
      context: { type: 'object', description: 'Features that all examples share.' },
      examples: { type: 'array', minItems: 1, items: { type: 'object' } },
    },
    required: ['examples'],
  },
  TfsClassifyResponse: {
    type: 'object',
    properties: { results: { type: 'array', items: LIST } },
    required: ['results'],
  },
  TfsRegressResponse: { type: 'object', properties: { results: LIST }, required: ['results'] },
  TfsModelList: {
    type: 'object',
    properties: { models: { type: 'array', items: TEXT } },
    required: ['models'],
  },
  TfsStatus: {
    type: 'object',
    properties: {
      name: TEXT,
      ready: { type: 'boolean' },
      model_version_status: {
        type: 'array',
        items: {
          type: 'object',
          properties: {
            version: TEXT,
            state: { type: 'string', enum: ['START', 'LOADING', 'AVAILABLE', 'UNLOADING', 'END'] },
            status: { type: 'object', properties: { error_code: TEXT, error_message: TEXT } },
          },
          required: ['version', 'state', 'status'],
        },
      },
    },
    required: ['name', 'ready', 'model_version_status'],
  },
  TfsMetadata: {
    type: 'object',
    properties: { model_spec: { type: 'object' }, metadata: { type: 'object' } },
    required: ['model_spec', 'metadata'],
  },
} as const satisfies Readonly<Record<string, JsonSchema>>

const error = component('TfsError')
const EXAMPLES = { 'application/json': component('TfsExamplesRequest') }

/** What the description of the address says of each route. */
export const DOCS = {
  predict: {
    operationId: 'tfsPredict',
    summary: 'Predict, as TensorFlow Serving and KServe (V1) have it.',
    body: {
      'application/json': component('TfsPredictRequest'),
      'application/cloudevents+json': { type: 'object' },
    },
    answers: { 200: jsonDoc('Predictions.', component('TfsPredictResponse')) },
    error,
  },
  explain: {
    operationId: 'tfsExplain',
    summary: 'Explain, with handlers that can, as KServe (V1) calls it.',
    body: { '*/*': ANYTHING },
    answers: { 200: { description: 'The answer of the handler.', content: { '*/*': ANYTHING } } },
    error,
  },
  classify: {
    operationId: 'tfsClassify',
    summary: 'Classify examples, with a signature for it.',
    body: EXAMPLES,
    answers: { 200: jsonDoc('Labels and scores of each example.', component('TfsClassifyResponse')) },
    error,
  },
  regress: {
    operationId: 'tfsRegress',
    summary: 'A number for each example, with a signature for it.',
    body: EXAMPLES,
    answers: { 200: jsonDoc('The numbers.', component('TfsRegressResponse')) },
    error,
  },
  list: {
    operationId: 'tfsModels',
    summary: 'List the models.',
    answers: { 200: jsonDoc('Their names.', component('TfsModelList')) },
    error,
  },
  status: {
    operationId: 'tfsStatus',
    summary: "The states of a model's versions, and whether it can answer.",
    answers: {
      200: jsonDoc('It can answer.', component('TfsStatus')),
      503: jsonDoc('It cannot, yet or any more.', component('TfsStatus')),
    },
    error,
  },
  metadata: {
    operationId: 'tfsMetadata',
    summary: 'The signatures of a model.',
    answers: { 200: jsonDoc('Inputs and outputs of each signature.', component('TfsMetadata')) },
    error,
  },
} as const satisfies Readonly<Record<string, RouteDoc>>
