import type { ControlPlane } from '../../core/control-plane.ts'
import type { DataPlane, ModelSelector } from '../../core/data-plane.ts'
import { component, jsonDoc, type RouteDoc } from '../kernel/openapi/route-doc.ts'
import type { JsonSchema } from '../kernel/openapi/json-schema.ts'
import { mayUse } from '../kernel/may-use.ts'
import { scoped, selectorOf, type ScopedRoute } from '../kernel/route-table.ts'
import { compactJson } from './compact-json.ts'
import type { JsonObject } from './json-body.ts'
import { modelConfiguration } from './model-configuration.ts'
import { modelStatistics } from './model-statistics.ts'

export type DescriptionOptions = {
  readonly dataPlane: DataPlane
  readonly controlPlane: Pick<ControlPlane, 'describe'>
}

/** The configuration of the version that is meant. @throws ServingError `not_found` | `unavailable` */
export function configurationOf(
  { dataPlane, controlPlane }: DescriptionOptions,
  model: ModelSelector,
): JsonObject {
  const metadata = dataPlane.metadata(model)
  const [description] = controlPlane.describe(metadata.model)
  if (description === undefined) throw new Error('a version with metadata has a description')
  return modelConfiguration({ metadata, description })
}

/** The extensions of model configuration and statistics. */
export function descriptionRoutes(options: DescriptionOptions): ScopedRoute[] {
  return scoped('inference', [
    {
      method: 'GET',
      path: '/v2/models/:model{/versions/:version}/config',
      doc: {
        operationId: 'oipModelConfig',
        summary: "Read a model's configuration in Triton's words.",
        answers: { 200: jsonDoc('The configuration, defaults included.', component('OipModelConfig')) },
        error: component('OipError'),
      },
      answer: ({ params }) => compactJson(200, configurationOf(options, selectorOf(params))),
    },
    {
      method: 'GET',
      path: '/v2/models/stats',
      doc: statisticsDoc('oipStatistics', 'Read what all models have done since they were loaded.'),
      answer: ({ ctx }) => {
        const { model_stats: all } = modelStatistics(options.dataPlane)
        return compactJson(200, { model_stats: all.filter(({ name }) => mayUse(ctx, name)) })
      },
    },
    {
      method: 'GET',
      path: '/v2/models/:model{/versions/:version}/stats',
      doc: statisticsDoc('oipModelStatistics', 'Read what a model has done since it was loaded.'),
      answer: ({ params }) => compactJson(200, modelStatistics(options.dataPlane, selectorOf(params))),
    },
  ])
}

function statisticsDoc(operationId: string, summary: string): RouteDoc {
  return {
    operationId,
    summary,
    answers: { 200: jsonDoc('Counts and times of each version.', component('OipStatistics')) },
    error: component('OipError'),
  }
}

const TENSORS: JsonSchema = {
  type: 'array',
  items: {
    type: 'object',
    properties: {
      name: { type: 'string' },
      data_type: { type: 'string', pattern: '^TYPE_' },
      dims: { type: 'array', items: { type: 'integer' } },
    },
    required: ['name', 'data_type', 'dims'],
  },
}

const COUNT: JsonSchema = { type: 'integer', minimum: 0 }
const DURATION: JsonSchema = {
  type: 'object',
  properties: { count: COUNT, ns: COUNT },
  required: ['count', 'ns'],
}
const COMPUTE = { compute_input: DURATION, compute_infer: DURATION, compute_output: DURATION }

export const DESCRIPTION_SCHEMAS = {
  OipStatistics: {
    type: 'object',
    properties: {
      model_stats: {
        type: 'array',
        items: {
          type: 'object',
          properties: {
            name: { type: 'string' },
            version: { type: 'string' },
            last_inference: COUNT,
            inference_count: COUNT,
            execution_count: COUNT,
            inference_stats: {
              type: 'object',
              properties: { success: DURATION, fail: DURATION, queue: DURATION, ...COMPUTE },
            },
            batch_stats: {
              type: 'array',
              items: { type: 'object', properties: { batch_size: COUNT, ...COMPUTE } },
            },
            queue_depth: COUNT,
          },
          required: [
            'name',
            'version',
            'inference_count',
            'execution_count',
            'inference_stats',
            'batch_stats',
          ],
        },
      },
    },
    required: ['model_stats'],
  },
  OipModelConfig: {
    type: 'object',
    properties: {
      name: { type: 'string' },
      platform: { type: 'string' },
      backend: { type: 'string' },
      max_batch_size: { type: 'integer', minimum: 0 },
      input: TENSORS,
      output: TENSORS,
    },
    required: ['name', 'platform', 'max_batch_size', 'input', 'output'],
  },
} as const satisfies Readonly<Record<string, JsonSchema>>
