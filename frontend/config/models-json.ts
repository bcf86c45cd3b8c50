import { z } from 'zod'
import type { ValueKind } from './values.ts'

/** A version that the configuration declares, in our own units. */
export type DeclaredVersion = {
  readonly name: string
  readonly version: string
  /** Its file in the model store. */
  readonly archive: string
  readonly isDefault: boolean
  readonly settings: {
    readonly minWorkers?: number
    readonly maxWorkers?: number
    readonly maxBatchRows?: number
    readonly maxBatchDelayMs?: number
    readonly inferenceTimeoutMs?: number
    readonly startupTimeoutMs?: number
  }
}

const count = z.int().min(0)
const seconds = z.int().min(1)

/** One version as TorchServe writes it; its times are seconds, but for the delay of a batch. */
const versionSchema = z.strictObject({
  defaultVersion: z.boolean().default(false),
  marName: z.string().min(1),
  minWorkers: count.optional(),
  maxWorkers: count.optional(),
  batchSize: z.int().min(1).optional(),
  maxBatchDelay: count.optional(),
  responseTimeout: seconds.optional(),
  startupTimeout: seconds.optional(),
  /** Says which Python there is to run; snapshots name it for every model. */
  runtimeType: z.string().optional(),
  parallelLevel: z.literal(1, { error: 'expected 1: a model here is not spread over processes' }).optional(),
})

const modelsSchema = z.record(z.string().min(1), z.record(z.string().min(1), versionSchema))

/** What TorchServe writes into `model_snapshot`; people who write it themselves, as for KServe, leave `created` out. */
const snapshotSchema = z.strictObject({
  name: z.string().optional(),
  modelCount: z.int(),
  created: z.int().optional(),
  models: modelsSchema,
})

/**
 * TorchServe's `models` property, and the `model_snapshot` of its snapshots, which holds the same:
 * `{"resnet": {"1.0": {"defaultVersion": true, "marName": "resnet.mar", "minWorkers": 1, "batchSize": 4}}}`.
 */
export const modelsJson: ValueKind<readonly DeclaredVersion[]> = {
  expected: 'JSON: {"<model>": {"<version>": {"marName": "<archive>", …}}}',
  parse: (text) => {
    const { data, success } = checked(text)
    return success ? declaredVersions(data) : undefined
  },
  explain: (text) => {
    const issue = checked(text).error?.issues[0]
    return issue === undefined
      ? modelsJson.expected
      : `${modelsJson.expected}; at ${issue.path.join('.') || 'the top'}: ${issue.message}`
  },
  format: (versions) => versions.map(({ name, version }) => `${name}/${version}`).join(','),
}

function checked(text: string) {
  const value = jsonOf(text)
  const isSnapshot = typeof value === 'object' && value !== null && 'modelCount' in value
  return isSnapshot ? snapshotModels(value) : modelsSchema.safeParse(value)
}

function snapshotModels(value: object) {
  const { success, data, error } = snapshotSchema.safeParse(value)
  return success ? { success, data: data.models, error: undefined } : { success, data: undefined, error }
}

function jsonOf(text: string): unknown {
  try {
    return text === '' ? {} : JSON.parse(text)
  } catch {
    return undefined // refused by the schema, like everything that is no object
  }
}

type Models = z.infer<typeof modelsSchema>

function declaredVersions(models: Models): DeclaredVersion[] {
  return Object.entries(models).flatMap(([name, versions]) =>
    Object.entries(versions).map(([version, given]) => ({
      name,
      version,
      archive: given.marName,
      isDefault: given.defaultVersion,
      settings: settingsOf(given),
    })),
  )
}

function settingsOf(given: z.infer<typeof versionSchema>): DeclaredVersion['settings'] {
  const settings = {
    minWorkers: given.minWorkers,
    maxWorkers: given.maxWorkers,
    maxBatchRows: given.batchSize,
    maxBatchDelayMs: given.maxBatchDelay,
    inferenceTimeoutMs: inMilliseconds(given.responseTimeout),
    startupTimeoutMs: inMilliseconds(given.startupTimeout),
  }
  const isGiven = ([, value]: [string, number | undefined]) => value !== undefined
  return Object.fromEntries(Object.entries(settings).filter(isGiven)) // what is absent yields to the archive
}

function inMilliseconds(timeInSeconds: number | undefined): number | undefined {
  return timeInSeconds === undefined ? undefined : timeInSeconds * 1000
}
