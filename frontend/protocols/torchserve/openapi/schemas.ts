import { SHARED_SCHEMAS } from '../../kernel/openapi/shared-schemas.ts'
import type { JsonSchema } from '../../kernel/openapi/json-schema.ts'

const text: JsonSchema = { type: 'string' }
const flag: JsonSchema = { type: 'boolean' }
const count: JsonSchema = { type: 'integer', minimum: 0 }

function object(properties: Readonly<Record<string, JsonSchema>>, required: readonly string[]): JsonSchema {
  return { type: 'object', properties, required }
}

function list(items: JsonSchema): JsonSchema {
  return { type: 'array', items }
}

const versionHealth = object({ model: text, version: text, ready: flag, reason: text }, ['model', 'ready'])

/** Schemas that several routes share; the documents have them as components. */
export const SCHEMAS = {
  Error: object({ code: { type: 'integer' }, type: text, message: text }, ['code', 'type', 'message']),
  Status: object({ status: text }, ['status']),
  Health: object({ status: { type: 'string', enum: ['Healthy', 'Unhealthy'] }, reason: text }, ['status']),
  Live: object({ live: flag }, ['live']),
  Readiness: object({ ready: flag, reason: text, versions: list(versionHealth) }, ['ready', 'versions']),
  VersionReadiness: versionHealth,
  Presence: object({ name: text, ready: flag }, ['name', 'ready']),
  ...SHARED_SCHEMAS,
  ModelList: object(
    {
      nextPageToken: text,
      models: list(object({ modelName: text, modelUrl: text }, ['modelName', 'modelUrl'])),
    },
    ['models'],
  ),
  ModelDescriptions: list(
    object(
      {
        modelName: text,
        modelVersion: text,
        modelUrl: text,
        runtime: text,
        minWorkers: count,
        maxWorkers: count,
        batchSize: count,
        maxBatchDelay: count,
        responseTimeout: { type: 'number' },
        startupTimeout: { type: 'number' },
        loadedAtStartup: flag,
        workers: list({ type: 'object' }),
        jobQueueStatus: object({ remainingCapacity: count, pendingRequests: count }, []),
      },
      ['modelName', 'modelVersion', 'workers'],
    ),
  ),
  WorkflowList: object({ nextPageToken: text, workflows: list({ type: 'object' }) }, ['workflows']),
} as const satisfies Readonly<Record<string, JsonSchema>>

/** A shared schema by its name. */
export function ref(name: keyof typeof SCHEMAS): JsonSchema {
  return { $ref: `#/components/schemas/${name}` }
}
