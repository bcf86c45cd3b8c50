import type { JsonSchema } from './json-schema.ts'

/** Of the routes by which every address describes itself. */
export const SHARED_SCHEMAS = {
  Index: {
    type: 'object',
    properties: {
      status: { type: 'string' },
      server: { type: 'string' },
      version: { type: 'string' },
      routes: { type: 'array', items: { type: 'string' } },
    },
    required: ['server', 'routes'],
  },
  Document: { type: 'object' },
} as const satisfies Readonly<Record<string, JsonSchema>>
