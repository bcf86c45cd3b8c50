import type { JsonSchema } from '../kernel/openapi/json-schema.ts'
import { component, jsonDoc } from '../kernel/openapi/route-doc.ts'
import { scoped, selectorOf, type ScopedRoute } from '../kernel/route-table.ts'
import { generate, generateStream } from './generate.ts'
import type { InferOptions } from './infer.ts'

const BODY = { 'application/json': component('OipGenerateRequest') }

/** The generate extension. */
export function generateRoutes(options: InferOptions): ScopedRoute[] {
  return scoped('inference', [
    {
      method: 'POST',
      path: '/v2/models/:model{/versions/:version}/generate',
      doc: {
        operationId: 'oipGenerate',
        summary: 'Run a model on plain values, and answer plain values.',
        body: BODY,
        answers: { 200: jsonDoc('The outputs by their names.', component('OipGenerateResponse')) },
        error: component('OipError'),
      },
      answer: async ({ ctx, params }) => {
        await generate(options, ctx, selectorOf(params))
        return undefined
      },
    },
    {
      method: 'POST',
      path: '/v2/models/:model{/versions/:version}/generate_stream',
      doc: {
        operationId: 'oipGenerateStream',
        summary: 'Run a model on plain values, and answer an event for each piece of the answer.',
        body: BODY,
        answers: {
          200: {
            description: 'Server-sent events, each with outputs by their names; an error ends them.',
            content: { 'text/event-stream': { type: 'string' } },
          },
        },
        error: component('OipError'),
      },
      answer: async ({ ctx, params }) => {
        await generateStream(options, ctx, selectorOf(params))
        return undefined
      },
    },
  ])
}

export const GENERATE_SCHEMAS = {
  OipGenerateRequest: {
    type: 'object',
    description: 'Inputs by their names, a value or a list each; all other members are parameters.',
    properties: { id: { type: 'string' }, parameters: { type: 'object' } },
  },
  OipGenerateResponse: {
    type: 'object',
    properties: { id: { type: 'string' }, model_name: { type: 'string' }, model_version: { type: 'string' } },
    required: ['model_name', 'model_version'],
  },
} as const satisfies Readonly<Record<string, JsonSchema>>
