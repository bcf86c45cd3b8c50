import type { ControlPlane } from '../../core/control-plane.ts'
import type { DataPlane, ModelSelector } from '../../core/data-plane.ts'
import { component, jsonDoc } from '../kernel/openapi/route-doc.ts'
import type { JsonSchema } from '../kernel/openapi/json-schema.ts'
import { scoped, selectorOf, type ScopedRoute } from '../kernel/route-table.ts'
import { compactJson } from './compact-json.ts'
import type { JsonObject } from './json-body.ts'
import { modelConfiguration } from './model-configuration.ts'

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

/** The model configuration extension. */
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
  ])
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

export const DESCRIPTION_SCHEMAS = {
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
